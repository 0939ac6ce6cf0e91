#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# multiprocessing.sh: Python's workers, which are forks of a grown interpreter and
# break its pages by counting references to what they only read.

exec python3 - <<'END'
import multiprocessing

table = [str(i) for i in range(30000)]

def work(part):
    return sum(len(text) for text in table[part::4])

if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    with multiprocessing.Pool(4) as pool:
        total = sum(pool.map(work, range(4)))
        pool.close()
        pool.join()
    assert total == sum(map(len, table))
    print(total, "characters")
END
