# SPDX-License-Identifier: Apache-2.0
"""Plays Python Genv beside processes that are killed: reads both files under its lock, which have to be whole, takes and gives
devices by writing them in place, and locks the device of the pool. What it was given it claims by a record lock, where a second
claim fails.

Arguments: state directory, file of claims. Ends when its input does; says how often it had a device, and a lock.
"""
import datetime
import fcntl
import json
import os
import select
import sys
import time

state, claims = sys.argv[1], os.open(sys.argv[2], os.O_RDWR | os.O_CREAT, 0o666)
LOCKS = 1000
me = "python-%d" % os.getpid()


def now():
    return datetime.datetime.now().strftime("%d/%m/%Y %H:%M:%S")


def locked(name, wait):
    fd = os.open(os.path.join(state, name), os.O_CREAT | os.O_RDWR, 0o666)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def read(name):
    with open(os.path.join(state, name), encoding="utf-8") as file:
        return json.load(file)


def changed(change):
    fd = locked("genv.lock", True)
    try:
        envs, devices = read("envs.json"), read("devices.json")
        result = change(envs["envs"], devices["devices"])
        if result is not None:
            for name, content in (("envs.json", envs), ("devices.json", devices)):
                with open(os.path.join(state, name), "w", encoding="utf-8") as file:
                    json.dump(content, file, indent=2)
        return result
    finally:
        os.close(fd)


def take(envs, devices):
    for device in devices:
        if not device["attachments"]:
            envs.append({
                "eid": me, "uid": os.getuid(), "creation": now(), "username": "python",
                "config": {"name": None, "gpu_memory": None, "gpus": 1},
                "pids": [os.getpid()], "kernel_ids": []})
            device["attachments"].append({"eid": me, "gpu_memory": None, "time": now()})
            return device["index"]
    return None


def give(envs, devices):
    envs[:] = [env for env in envs if env["eid"] != me]
    for device in devices:
        device["attachments"] = [a for a in device["attachments"] if a["eid"] != me]
    return True


def claim(position, what):
    try:
        fcntl.lockf(claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, position)
    except OSError:
        sys.exit("%s was given twice: %d" % (what, position))


def unclaim(position):
    fcntl.lockf(claims, fcntl.LOCK_UN, 1, position)


taken = locks = 0
while not select.select([sys.stdin], [], [], 0.002)[0]:
    index = changed(take)
    if index is not None:
        claim(index, "a device")
        taken += 1
        unclaim(index)
        changed(give)
    pool = locked("devices/3.lock", False)
    if pool is not None:
        claim(LOCKS + 3, "a lock")
        locks += 1
        time.sleep(0.0002)
        unclaim(LOCKS + 3)
        os.close(pool)
print("devices %d locks %d" % (taken, locks))
