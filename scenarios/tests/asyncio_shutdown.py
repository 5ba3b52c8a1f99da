#!/usr/bin/env python3
"""Programs of `asyncio_oracle.py` with two operations more.

    ["queue_shutdown", NAME, IMMEDIATE]  what CPython has since 3.13; whoever puts
                                         or gets too late has "QueueShutDown"
    ["barrier_reset", NAME]              "ok"

    asyncio_shutdown.py generate --seed 1 --count 200 [--size small|medium|large]

A cancelled waiter of a condition passes its notification on in CPython 3.13, and
notifies another one also if it had none, which is a spurious wake-up and
nobody's contract: kept are programs that a stricter condition does not change.

Needs CPython 3.13 or newer.
"""

import asyncio

import asyncio_oracle as oracle


class _Variant(oracle._Variant):
    def __init__(self, strict=False, **rest):
        super().__init__(**rest)
        self.strict = strict


class _StrictCondition(asyncio.Condition):
    """Whoever was not notified notifies nobody."""

    async def wait(self):
        notified = asyncio.get_running_loop().create_future()
        self.release()
        try:
            self._waiters.append(notified)
            try:
                await notified
            finally:
                self._waiters.remove(notified)
                await self._reacquire()
        except BaseException:
            if notified.done() and not notified.cancelled():
                self._notify(1)
            raise

    async def _reacquire(self):
        cancelled = None
        while True:
            try:
                await self.acquire()
                break
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled


class _Run(oracle._Run):
    def _make(self, type, **spec):
        if type == "condition" and self.variant.strict:
            return _StrictCondition()
        return super()._make(type, **spec)

    async def op(self, task, path, kind, *args):
        if kind == "queue_shutdown":
            self.objects[args[0]].shutdown(args[1])
            return "ok"
        if kind == "barrier_reset":
            await self.objects[args[0]].reset()
            return "ok"
        try:
            return await super().op(task, path, kind, *args)
        except asyncio.QueueShutDown as error:
            return oracle._name(error)


class _Generator(oracle._Generator):
    def program(self):
        while not self.has_new(program := super().program()):
            pass
        return program

    def has_new(self, program):
        text = str(program["tasks"])
        return "'queue_shutdown'" in text or "'barrier_reset'" in text

    def op(self, depth):
        rng = self.rng
        if rng.random() < 0.9:
            return super().op(depth)
        name = rng.choice(list(self.objects))
        type = self.objects[name]["type"]
        if "queue" in type:
            return ["queue_shutdown", name, rng.random() < 0.4]
        if type == "barrier":
            return ["barrier_reset", name]
        return super().op(depth)


if __name__ == "__main__":
    oracle._Run, oracle._Generator, oracle._Variant = _Run, _Generator, _Variant
    oracle._VARIANTS.append(dict(strict=True))
    oracle.main()
