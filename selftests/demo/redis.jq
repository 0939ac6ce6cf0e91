# SPDX-License-Identifier: GPL-2.0
#
# What the report of `cowstat run` says about a server that forked once to save
# a snapshot, beside $redis, the server's own figure in bytes.
# Given: $redis, $page_size

def mib($pages): $pages * $page_size / 1048576 * 10 | round / 10 | "\(.) MiB";
def pad($n): tostring | (" " * ($n - length) // "") + .;
def line($what; $pages): "  \($what + " " * (52 - ($what | length)))\($pages | pad(9))\(mib($pages) | pad(12))";

def fill($n): . + " " * ($n - length) // .;
def process: "  \("  " * .depth + .comm + (if .exited then " (gone)" else "" end) | fill(30))" +
	"\(.pid | pad(7))\(.self.shared | pad(9))\(.self.broken_parent | pad(9))" +
	"\(.self.broken_child | pad(9))\(.self.broken_file | pad(9))" +
	"\(.self.reused | pad(9))\(.self.zero_filled | pad(9))";

.processes[0] as $server
| (.processes[1:] | sort_by(.self.inherited) | last) as $child
| if .state != "exact" then error("the numbers are \(.state)") else . end
| if ($child.self.inherited // 0) == 0 then error("no child was seen") else . end
| ($server.self.broken_parent + $child.self.broken + $child.self.zero_filled) as $private
| ($redis / $page_size | round) as $said
| "",
  "  The tree, in pages" + " " * 25 + "broken as  broken as   broken              zero-",
  "  process" + " " * 27 + "pid   shared   parent    child     file   reused   filled",
  (.processes[] | process),
  "",
  "  Server \($server.pid), child \($child.pid)" + " " * 26 + "    pages",
  line("the fork shared"; $server.self.shared),
  line("copied, because the server wrote"; $server.self.broken_parent),
  line("copied, because the child wrote"; $child.self.broken_anon),
  line("copied, private file pages of the child"; $child.self.broken_file),
  line("zero-filled for the child's own use"; $child.self.zero_filled),
  line("taken over by the server after the child had left"; $server.self.reused),
  "",
  "  Redis says rdb_last_cow_size = \($redis) bytes: what was private to the child",
  "  when it had finished. That is not what copy-on-write copied, but all of",
  line("  pages whose new copy the server has"; $server.self.broken_parent),
  line("  + the child's copies"; $child.self.broken),
  line("  + fresh pages of the child"; $child.self.zero_filled),
  line("  = expected by cowstat"; $private),
  line("  Redis' figure"; $said),
  line("  difference"; $private - $said),
  "  The difference: pages copied after the child had taken its measure, and pages",
  "  that it gave back before.",
  "",
  "  Of \($server.self.shared) shared pages \($server.self.broken_parent + $child.self.broken_anon) were copied, " +
  "\(100 * ($server.self.broken_parent + $child.self.broken_anon) / $server.self.shared * 10 | round / 10) %. " +
  "A copy took \($server.self.break_ns / $server.self.broken / 1000 | round) us here, under emulation."
