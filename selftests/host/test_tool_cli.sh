#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The whole command on a pretended device: exit statuses, messages, signals and
# files.

set -u
cowstat=$(realpath "${COWSTAT_FAKE_COMMAND:-$(dirname "$0")/../../build/host-tool/cowstat-fake}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export LC_ALL=C
nr=0 failed=0

# is WHAT GOT WANTED
is() {
	nr=$((nr + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $nr - $1"
	else
		echo "not ok $nr - $1"
		printf '# got: %s\n# wanted: %s\n' "$2" "$3" | sed 's/^[^#]/#   &/'
		failed=1
	fi
}

# status WANTED WHAT COMMAND...: its exit status; its output is left in out, err
status() {
	local wanted=$1 what=$2
	shift 2
	"$@" >out 2>err
	is "$what: exit status" $? "$wanted"
}

# fails WHAT MESSAGE COMMAND...: with 2, no output, and that one line
fails() {
	local what=$1 message=$2
	shift 2
	status 2 "$what" "$@"
	is "$what: message" "$(cat out err)" "cowstat: $message"
}

# json FILE FILTER
json() {
	jq -cr "$2" "$1"
}

cat /proc/sys/kernel/task_delayacct >before 2>/dev/null

### how it is called

fails 'no command' "what to do? the commands are run, show, stacks, workload and verify: see 'cowstat --help'" "$cowstat"
fails 'an unknown command' "no command 'shwo': the commands are run, show, stacks, workload and verify: see 'cowstat --help'" "$cowstat" shwo
fails 'an unknown option' "run: unknown option '--jsn': see 'cowstat run --help'" "$cowstat" run --jsn -- true
fails 'an unknown letter' "show: unknown option '-x': see 'cowstat show --help'" "$cowstat" show -x
fails 'a missing value' "run: a value is missing after '-o': see 'cowstat run --help'" "$cowstat" run -o
fails 'a missing command' "run: which command? write 'cowstat run -- COMMAND [ARGUMENT...]'" "$cowstat" run --
fails 'no pid' "show: '12x' is not a process id: give a number above 0" "$cowstat" show 12x
for pid in '' ' 12' '12 ' +12 -12 0x12 0 18446744073709551616; do
	fails "no pid: '$pid'" "show: '$pid' is not a process id: give a number above 0" \
		"$cowstat" show -- "$pid"
done
fails 'a negative pid' "show: '-3' is not a process id: give a number above 0" "$cowstat" show -- -3
for command in run show stacks verify; do
	status 0 "help $command" "$cowstat" help $command
	is "help $command: begins with the usage" "$(head -c 14 out)" 'Usage: cowstat'
	"$cowstat" $command --help >again
	is "$command --help is the same" "$(cat again)" "$(cat out)"
done
status 2 'help to a full disk' sh -c '"$0" --help >/dev/full' "$cowstat"
status 2 'help to a closed output' sh -c '"$0" --help >&-' "$cowstat"

### the device

absent="no /dev/cowstat: the module is not loaded: as root, run 'insmod cowstat.ko'"
COWSTAT_FAKE=absent fails 'run without the module' "$absent" "$cowstat" run -- touch started
COWSTAT_FAKE=absent fails 'show without the module' "$absent" "$cowstat" show
COWSTAT_FAKE=absent fails 'verify without the module' "$absent" "$cowstat" verify
COWSTAT_FAKE=no-tree fails 'no tree handle' "cannot watch the process: too many tree handles are open: a user can have 512 of 1024 (max_handles), all users three quarters: end another 'cowstat run', or load the module with more" "$cowstat" run -- touch started
is 'then the command is not started' "$(ls started 2>&1 | wc -l)$(test -e started; echo $?)" 11
COWSTAT_FAKE=no-reading fails 'no memory for a reading' "cannot list the processes: too many readings are going on: a user can have 524288 of 1048576 bytes, all users three quarters: close other programs that read cowstat, then try again" "$cowstat" show
version="(version $(cat /sys/module/cowstat/version 2>/dev/null || echo '?'))"
ours="(version $("$cowstat" --version | cut -d' ' -f2))"
for age in older newer; do
	COWSTAT_FAKE=$age fails "a module that is $age" "the loaded module $version is $age than this command $ours: load the one that was built with it" "$cowstat" run -- touch started
done
is 'then the command is not started' "$(test -e started; echo $?)" 1
COWSTAT_FAKE=crowded status 0 'a list that grows' "$cowstat" show
fails 'another one'"'"'s process' "process 1: no permission: the process is another user's: run cowstat as root or with CAP_PERFMON" "$cowstat" show 1
fails 'no such process' "process 99: no such process: 'cowstat show' lists the processes" "$cowstat" show 102 99

### exit statuses of run

status 0 'a command that works' "$cowstat" run -- true
is 'its report goes to standard error' "$(wc -c <out)$(head -1 err)" '0cowstat: true'
status 7 'a command that fails' "$cowstat" run -- sh -c 'exit 7'
status 137 'a command that is killed' "$cowstat" run -- sh -c 'kill -KILL $$'
status 127 'one that is not there' "$cowstat" run -o r -- ./nothing
is 'its message, and no report' "$(cat err)$(ls r 2>/dev/null)" "cowstat: './nothing': command not found: check its name, or give its path"
COWSTAT_FAKE=revoked status 7 'one whose end may not be read' "$cowstat" run -o r -- sh -c 'exit 7'
denied="cowstat: cannot read the counters: no permission: the process is another user's: run cowstat as root or with CAP_PERFMON"
is 'its message, and no report' "$(cat err)$(ls r 2>/dev/null)" "$denied"
COWSTAT_FAKE=no-reading status 7 'one for whose numbers there is no room' "$cowstat" run -o r -- sh -c 'exit 7'
is 'its message, one line' "$(wc -l <err)" 1
touch plain
status 126 'one that is not executable' "$cowstat" run -o r -- ./plain
is 'its message, and no report' "$(cat err)$(ls r 2>/dev/null)" "cowstat: './plain' cannot be executed: Permission denied"

### the report

status 0 'run with JSON' "$cowstat" run --json -- sh -c 'cat; echo out; echo err >&2' </dev/null
is 'the command has its output' "$(cat out)" out
is 'and its errors' "$(head -1 err)" err
sed -i 1d err
is 'JSON: the command' "$(json err .command)" '["sh","-c","cat; echo out; echo err >&2"]'
is 'JSON: exit status, state, size, folded' "$(json err '[.exit_status, .state, .page_size, .folded, .lost]')" '[0,"exact",4096,2,{}]'
is 'JSON: version' "$(json err '"cowstat " + .cowstat')" "$("$cowstat" --version)"
is 'JSON: time passes' "$(json err '.elapsed_ns > 0')" true
is 'JSON: the tree' "$(json err '[.tree | .forks, .shared, .broken, .reused]')" '[3,60,12,0]'
is 'JSON: processes' "$(json err '[.processes[] | [.pid, .ppid, .depth, .exited]]')" '[[100,0,0,true],[101,100,1,true],[102,101,2,false],[103,100,1,true]]'
is 'JSON: a strange name' "$(json err '.processes[2].comm | explode')" '[99,99,32,27,91,49,109,65533]'
COWSTAT_FAKE=degraded "$cowstat" run --json -o r -- true
is 'JSON: degraded' "$(json r '[.state, .lost]')" '["degraded",{"hook":7}]'
COWSTAT_FAKE=degraded "$cowstat" run -o r -- true
is 'and said before the numbers' "$(sed -n '2,5p' r | sed 's/, .* ms//')" 'exit status 0, state degraded

DEGRADED: these numbers may be wrong
  hook             7  calls that a hook missed: function tracing was switched off'
COWSTAT_FAKE=elsewhere "$cowstat" run --json -o r -- true
is 'JSON: what was lost elsewhere is not of this tree' "$(json r '[.state, .lost]')" '["exact",{}]'
is 'JSON: but of the process that it happened to' "$(json r '[.processes[] | .self_state, .tree_state]')" '["exact","exact","exact","exact","degraded","degraded","exact","exact"]'
COWSTAT_FAKE=elsewhere "$cowstat" run -o r -- true
is 'text: exact, and that process is marked' "$(grep -o 'state exact' r; grep -c DEGRADED r; grep -o '102.alive\|^\*: .*' r)" 'state exact
0
102*alive
*: numbers of this process, or of its tree, may be wrong.'
COWSTAT_FAKE=unsure "$cowstat" run -o r -- true
is 'text: whose some pages were' "$(tail -2 r)" 'The kernel has not kept whose 4 pages were:
broken_child and broken_parent are each wrong by 4 at most.'
COWSTAT_FAKE=foreign "$cowstat" run --json -o r -- true
is 'JSON: how many are hidden' "$(json r .hidden)" 12
status 0 'show with JSON' "$cowstat" show --json
is 'JSON: the system' "$(json out '[.system.broken, (.processes | length)]')" '[5000,4]'
status 0 'show of a tree' "$cowstat" show --json 102
is 'JSON: the tree alone' "$(json out '[.processes[].pid]')" '[102]'
is 'JSON: exact, never lost anything, nothing hidden' "$("$cowstat" show --json | jq -c '[.state, .lost, .lost_at, .hidden]')" '["exact",{},null,0]'
COWSTAT_FAKE=degraded status 0 'show with losses' "$cowstat" show --json
is 'JSON: of the system, and when the last one was' "$(json out '[.state, .lost, .lost_at]')" '["degraded",{"hook":7},"2026-10-03T04:00:00Z"]'
COWSTAT_FAKE=degraded "$cowstat" show >out
is 'text: when the last one was' "$(sed -n '2,3p' out)" '  hook             7  calls that a hook missed: function tracing was switched off
  the last one at 2026-10-03T04:00:00Z'
COWSTAT_FAKE=elsewhere status 0 'show of a tree with losses' "$cowstat" show --json 102
is 'JSON: those of that tree, not of the system' "$(json out '[.state, .lost, has("lost_at")]')" '["degraded",{"site":5},false]'
COWSTAT_FAKE=degraded "$cowstat" show --json 102 >out
is 'JSON: it is exact, whatever the system is' "$(json out '[.state, .lost]')" '["exact",{}]'
COWSTAT_FAKE=foreign "$cowstat" show >out
is 'text: how many are hidden' "$(tail -1 out)" '12 more processes are not yours.'
COWSTAT_FAKE=foreign "$cowstat" show 102 >out
is 'text: of a tree that is not known' "$(grep -c 'not yours' out)" 0

### verify: the workload is real, what the device counts is not

fails 'an unknown workload' "verify: no workload 'nil': 'cowstat workload --list --all' names all" "$cowstat" verify textbook nil
status 1 'numbers that differ' "$cowstat" verify textbook
is 'a line says by how much' "$(awk '$2 == "broken" { print $1, $3, $4, $5, $7 }' out)" 'textbook 1 12 +11 DIFFERS'
is 'as one that is missing' "$(awk '$2 == "inherited" { print $1, $3, $4, $5, $7 }' out)" 'textbook 3 0 -3 DIFFERS'
is 'the last line sums up' "$(tail -1 out)" '1 workload, 28 counters compared: 9 differ'
status 1 'the same as JSON' "$cowstat" verify --json textbook
is 'JSON: differences' "$(json out '[.differences, .workloads[0].counters.broken.difference]')" '[9,11]'
status 1 'a few of them' "$cowstat" verify --quick
is 'each that differs has its lines, and one sums up' "$(head -1 out | cut -d' ' -f1) $(grep -c ' = ' out) $(tail -1 out | sed 's/[0-9]* counters compared: [0-9]*/N counters compared: N/')" 'WORKLOAD 7 7 workloads, N counters compared: N differ'
fails 'one that has workloads of its own' 'verify: --quick has workloads of its own: leave out what else was asked for' "$cowstat" verify --quick textbook
COWSTAT_FAKE=elsewhere "$cowstat" verify --json textbook >out
is 'JSON: the state is that of its trees' "$(json out '[.state, .lost, .workloads[0].state]')" '["exact",{},"exact"]'
COWSTAT_FAKE=degraded "$cowstat" verify --json textbook >out
is 'JSON: which may be degraded' "$(json out '[.state, .lost, .workloads[0].state]')" '["degraded",{"hook":7},"degraded"]'
status 2 'a workload that cannot be done' "$cowstat" verify --pages 0 textbook
is 'is said not to be run' "$(grep -c '^textbook  *NOT RUN: --pages' out) $(cat err)" '1 cowstat: verify: 1 of 1 workloads could not be run: the report says why'
status 0 'a workload that needs what this machine has not' taskset -c 0 "$cowstat" verify roam
is 'is skipped, with the reason' "$(head -2 out | tail -1; tail -1 out)" "roam             skipped: there is one CPU
0 workloads, 0 counters compared: nothing is known; 1 skipped"
status 0 'the same as JSON' taskset -c 0 "$cowstat" verify --json roam
is 'JSON: skipped' "$(json out '[.skipped, .not_run, .workloads[0].skipped]')" '[1,0,"there is one CPU"]'
cat /proc/sys/kernel/task_delayacct >after 2>/dev/null
is 'the accounting is as it was' "$(cat after)" "$(cat before)"

### stacks: the command is real, its events are not

fails 'stacks without a command' "stacks: which command? write 'cowstat stacks -- COMMAND [ARGUMENT...]'" "$cowstat" stacks --
fails 'an unknown event' "stacks: no event 'brake': the events are break, reuse, zero and fork" "$cowstat" stacks --event brake -- true
fails 'no number of functions' "stacks: '-1' is not a number of functions: give 1 or more, or 0 for all" "$cowstat" stacks --top -1 -- true
fails 'no size of a buffer' "stacks: '3' is no size of a buffer: give 1, 2, 4, ... 1024" "$cowstat" stacks --buffer 3 -- true
fails 'a buffer of nothing' "stacks: '0' is no size of a buffer: give 1, 2, 4, ... 1024" "$cowstat" stacks --buffer 0 -- true
fails 'two kinds of output' 'stacks: --json has the stacks too: leave out --folded or --json' "$cowstat" stacks --json --folded -- true
COWSTAT_FAKE=absent fails 'stacks without the module' "$absent" "$cowstat" stacks -- touch started
COWSTAT_FAKE=no-events fails 'without events' 'no trace event cowstat:cow_break' "$cowstat" stacks -- touch started
COWSTAT_FAKE=no-perf fails 'without permission' 'no permission to trace: run cowstat as root or with CAP_PERFMON' "$cowstat" stacks -- touch started
COWSTAT_FAKE=no-room fails 'without memory' 'no room for the buffers of events: Cannot allocate memory: give a smaller --buffer' "$cowstat" stacks -- touch started
COWSTAT_FAKE=no-tree status 2 'without a tree handle' "$cowstat" stacks -- touch started
fails 'to a folder that is not there' 'cannot write the report to no/r: No such file or directory' "$cowstat" stacks -o no/r -- touch started
is 'then the command is not started' "$(test -e started; echo $?)" 1
status 7 'stacks of a command that fails' "$cowstat" stacks -- sh -c 'exit 7'
is 'its report goes to standard error' "$(wc -c <out)$(head -1 err)" '0cowstat: sh -c exit 7'
is 'the function, and both numbers' "$(grep -E '100.0 %|counter' err)" "      12     48K  100.0 %  [unknown]
12 pages in 1 function; the tree's counter 'broken': 12."
rm -f r
COWSTAT_FAKE=revoked status 7 'stacks of one whose end may not be read' "$cowstat" stacks -o r -- sh -c 'exit 7'
is 'its message, and no report' "$(cat err)$(ls r 2>/dev/null)" "$denied"
COWSTAT_FAKE=elsewhere "$cowstat" stacks --json -o r -- true
is 'JSON: the state is that of the tree' "$(json r '[.state, .lost]')" '["exact",{}]'
rm -f r
status 137 'stacks of one that is killed' "$cowstat" stacks -- sh -c 'kill -KILL $$'
rm -f r
status 127 'stacks of one that is not there' "$cowstat" stacks -o r -- ./nothing
is 'its message, and no report' "$(cat err)$(ls r 2>/dev/null)" "cowstat: './nothing': command not found: check its name, or give its path"
status 0 'stacks with JSON' "$cowstat" stacks --json -o r -- true
is 'JSON: numbers' "$(json r '[.command, .event, .counter, .counted, .pages, .events_lost, .exit_status]')" '[["true"],"break","broken",12,12,0,0]'
is 'JSON: functions, stacks' "$(json r '[.functions, .stacks]')" '[[{"function":"[unknown]","object":"[unknown]","pages":12,"events":1}],[{"comm":"","pages":12,"events":1,"frames":["[unknown]"]}]]'
"$cowstat" stacks --json --event fork -o r -- true
is 'JSON: another event' "$(json r '[.event, .counter, .counted, .pages]')" '["fork","shared",60,12]'
status 0 'folded stacks' "$cowstat" stacks --folded -o - -- true
is 'they are all that there is' "$(cat out err)" '?;[unknown] 12'
COWSTAT_FAKE=lossy "$cowstat" stacks --folded -o r -- true 2>err
is 'that some are lost is said beside them' "$(cat r err)" "?;[unknown] 12
cowstat: 7 events lost: the stacks are not complete: a larger --buffer loses less"
COWSTAT_FAKE=lossy "$cowstat" stacks -- true 2>err
is 'and in the report' "$(grep lost err)" '7 events lost: the list is not complete; the counters are. A larger --buffer loses less.'
rm -f r

### the file

rm -f r
before=$(ls)
is 'no file is there while the command runs' "$("$cowstat" run -o r -- ls)" "$before"
is 'then it is' "$(head -1 r)" 'cowstat: ls'
chmod 600 r && ln -s r link && "$cowstat" run --json -o link -- true
is 'one that was there is replaced through a link, with its mode' "$(json r .command) $(stat -c %a r) $(readlink link)" '["true"] 600 r'
rm -f link r
fails 'a folder that is not there' 'cannot write the report to no/r: No such file or directory' "$cowstat" run -o no/r -- touch started
fails 'a folder as file' 'cannot write the report to .: Is a directory' "$cowstat" run -o . -- touch started
is 'then the command is not started' "$(test -e started; echo $?)" 1
fails 'a full disk' 'cannot write the report to /dev/full: No space left on device' "$cowstat" run -o /dev/full -- true
(echo before; "$cowstat" run -o /dev/stdout -- echo command) >both
is '/dev/stdout is continued' "$(head -3 both)" $'before\ncommand\ncowstat: echo command'
echo precious >r
status 2 'a file that cannot grow' bash -c 'ulimit -f 1; exec "$0" run --json -o r -- true' "$cowstat"
is 'then the old one is still there, alone' "$(cat r; ls r*)" $'precious\nr'
status 2 'a reader that is gone' bash -c 'exec 3> >(exit); wait $!; "$0" run -- true 2>&3' "$cowstat"

### signals and descriptors

what='grep -E "^Sig(Blk|Ign|Cgt)" /proc/self/status; ls /proc/self/fd; cut -d" " -f5-8 /proc/self/stat'
bash -c "trap '' HUP CHLD PIPE; $what; :" >direct
bash -c "trap '' HUP CHLD PIPE; \"\$0\" run -o /dev/null -- bash -c '$what; :'; :" "$cowstat" >through
is 'mask, dispositions, descriptors, group and terminal are the same' "$(sed '/^[0-9]* [0-9]*/d' through)" "$(sed '/^[0-9]* [0-9]*/d' direct)"

mkfifo ready hold
for signal in HUP INT QUIT TERM USR1 USR2 WINCH RTMIN; do
	env --default-signal "$cowstat" run --json -o r -- bash -c "
		trap 'echo $signal >got; kill \$!; exit 9' $signal
		cat <>hold &
		echo >ready
		wait" &
	read -r <ready
	kill -s $signal $!
	wait $!
	is "$signal is passed on, and a report follows" "$? $(cat got) $(json r .exit_status)" "9 $signal 9"
	rm -f got r
done
env --default-signal "$cowstat" run --json -o r -- sh -c 'echo >ready; exec sleep 600' &
read -r <ready
kill -TERM $!
wait $!
is 'a command that dies of it' "$? $(json r .exit_status)" '143 143'
# The shell in between keeps quiet about it.
(exec 2>/dev/null
"$cowstat" run -o r2 -- sh -c 'echo $PPID >parent; echo >ready; read -r _ <ready; echo done >ready'
:) &
read -r <ready
kill -KILL "$(cat parent)"
wait $!
echo >ready
read -r line <ready
is 'killed, it leaves no file behind and the command goes on' "$line $(ls r2* 2>/dev/null)" 'done '

echo "1..$nr"
exit $failed
