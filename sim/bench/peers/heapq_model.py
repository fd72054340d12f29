#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The reference workload on CPython's heapq: what one would write in an afternoon.

Same lock semantics and the same order of simultaneous events, (time, vCPU), as
our engine.  usage: heapq_model.py global|domain FILE
"""
import collections
import heapq
import json
import sys
import time

LOCK_OUTER, POLL, LOCK_DEVICE, UNLOCK_DEVICE, UNLOCK_OUTER = range(5)


class Rwlock:
    """Xen's queue rwlock, without costs (sim/engine/locks/rwlock.c)."""
    __slots__ = ("owner", "readers", "waiting", "queue")

    def __init__(self):
        self.owner, self.readers, self.waiting = None, 0, False
        self.queue = collections.deque()


class Model:
    def __init__(self, per_domain, path):
        with open(path, encoding="ascii") as lines:
            vcpus, domains, devices, _ = map(int, next(lines).split())
            self.calls = [collections.deque() for _ in range(vcpus)]
            self.domain = [0] * vcpus
            for line in lines:
                actor, domain, device, write, at, work = map(int, line.split())
                self.calls[actor].append((device, write, at, work))
                self.domain[actor] = domain
        self.outer = [Rwlock() for _ in range(domains if per_domain else 1)]
        self.lock_of = [self.outer[d if per_domain else 0] for d in self.domain]
        self.holder = [None] * devices
        self.device_queue = [collections.deque() for _ in range(devices)]
        self.heap = []
        self.step = [LOCK_OUTER] * vcpus
        self.call = [None] * vcpus
        self.asked = [0] * vcpus
        self.wait = self.makespan = 0

    def wake_head(self, lock, now):
        if lock.queue:
            head = lock.queue[0]
            if self.step[head] != POLL:
                self.step[head] = POLL
                heapq.heappush(self.heap, (max(now, self.asked[head]), head))

    def poll(self, actor, now):
        lock, write = self.lock_of[actor], self.call[actor][1]
        self.step[actor] = LOCK_OUTER
        if lock.owner is not None or (write and lock.readers):
            if lock.owner is None:
                lock.waiting = True
            return False
        lock.queue.popleft()
        if write:
            lock.waiting, lock.owner = False, actor
        else:
            lock.readers += 1
        self.wait += now - self.asked[actor]
        self.wake_head(lock, now)
        return True

    def lock_outer(self, actor, now):
        lock, write = self.lock_of[actor], self.call[actor][1]
        if lock.owner is None and not lock.waiting and not (write and lock.readers):
            if write:
                lock.owner = actor
            else:
                lock.readers += 1
            return True
        self.asked[actor] = now
        lock.queue.append(actor)
        if write and lock.queue[0] == actor and lock.owner is None:
            lock.waiting = True
        return False

    def hold_device(self, actor, now):
        self.step[actor] = UNLOCK_DEVICE
        heapq.heappush(self.heap, (now + self.call[actor][3], actor))

    def lock_device(self, actor, now):
        device = self.call[actor][0]
        if self.holder[device] is None:
            self.holder[device] = actor
            self.hold_device(actor, now)
        else:
            self.asked[actor] = now
            self.device_queue[device].append(actor)

    def unlock_device(self, actor, now):
        device = self.call[actor][0]
        queue = self.device_queue[device]
        if queue:
            other = self.holder[device] = queue.popleft()
            self.wait += now - self.asked[other]
            self.hold_device(other, now)
        else:
            self.holder[device] = None

    def unlock_outer(self, actor, now):
        lock = self.lock_of[actor]
        if self.call[actor][1]:
            lock.owner = None
            self.wake_head(lock, now)
        else:
            lock.readers -= 1
            if lock.readers == 0 and lock.waiting:
                self.wake_head(lock, now)
        self.makespan = max(self.makespan, now)

    def schedule(self, actor, now):
        if not self.calls[actor]:
            return
        self.call[actor] = self.calls[actor].popleft()
        self.step[actor] = LOCK_OUTER
        heapq.heappush(self.heap, (max(now, self.call[actor][2]) + 1, actor))

    def run(self):
        for actor in range(len(self.calls)):
            self.schedule(actor, 0)
        while self.heap:
            now, actor = heapq.heappop(self.heap)
            step = self.step[actor]
            if step == UNLOCK_OUTER:
                self.unlock_outer(actor, now)
                self.schedule(actor, now)
            elif step == UNLOCK_DEVICE:
                self.unlock_device(actor, now)
                self.step[actor] = UNLOCK_OUTER
                heapq.heappush(self.heap, (now, actor))
            elif step == LOCK_DEVICE:
                self.lock_device(actor, now)
            elif self.poll(actor, now) if step == POLL else self.lock_outer(actor, now):
                self.step[actor] = LOCK_DEVICE
                heapq.heappush(self.heap, (now, actor))


def main():
    model = Model(sys.argv[1] == "domain", sys.argv[2])
    accesses = sum(map(len, model.calls))
    begin = time.process_time()
    model.run()
    taken = time.process_time() - begin
    print(json.dumps({"makespan": model.makespan, "wait": model.wait,
                      "ns_per_access": round(taken * 1e9 / accesses, 1)}))


main()
