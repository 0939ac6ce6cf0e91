#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A server that loads its data, then forks workers which only read them.

    gc_workers.py [--freeze] [--workers N] [--items N] [--batches N]

A worker answers requests, and collects garbage after each batch of them. With --freeze
the data are hidden from the garbage collector before the fork. docs/tracing.md tells
the story.
"""

import argparse
import gc
import os

BATCH = 100
POPULAR = 100  # of the items, which all requests are about


def load(items):
    """What the server knows: made once, never changed."""
    return [{"id": i, "name": f"item {i}", "stock": [i % 7, i % 11]} for i in range(items)]


def answer(item):
    return {"id": item["id"], "left": sum(item["stock"])}


def work(catalogue, batches):
    """A worker's life. It assigns to nothing that it shares."""
    for _ in range(batches):
        for number in range(BATCH):
            answer(catalogue[number % POPULAR])
        gc.collect()


def serve(options):
    if options.freeze:
        gc.disable()
    catalogue = load(options.items)
    if options.freeze:
        gc.freeze()
    for _ in range(options.workers):
        if os.fork() == 0:
            gc.enable()
            work(catalogue, options.batches)
            os._exit(0)
    for _ in range(options.workers):
        os.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--freeze", action="store_true")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--items", type=int, default=20000)
    parser.add_argument("--batches", type=int, default=3)
    serve(parser.parse_args())


if __name__ == "__main__":
    main()
