# SPDX-License-Identifier: Apache-2.0
"""Plays Python Genv: the same files, written in place, under the same lock, with Python's own json and fcntl.

Arguments: state directory, referee directory, rounds. Takes one whole device at a time and claims it with the referee, where
a second claim of the same device fails.
"""
import datetime
import fcntl
import json
import os
import sys

state, referee, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
me = "python-%d" % os.getpid()


def now():
    return datetime.datetime.now().strftime("%d/%m/%Y %H:%M:%S")


def changed(change):
    fd = os.open(os.path.join(state, "genv.lock"), os.O_CREAT | os.O_RDWR, 0o666)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        with open(os.path.join(state, "envs.json")) as file:
            envs = json.load(file)
        with open(os.path.join(state, "devices.json")) as file:
            devices = json.load(file)
        result = change(envs["envs"], devices["devices"])
        with open(os.path.join(state, "envs.json"), "w") as file:
            json.dump(envs, file, indent=2)
        with open(os.path.join(state, "devices.json"), "w") as file:
            json.dump(devices, file, indent=2)
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


taken = 0
for _ in range(rounds):
    index = changed(take)
    if index is not None:
        claim = os.path.join(referee, "device-%d" % index)
        os.close(os.open(claim, os.O_CREAT | os.O_EXCL))
        taken += 1
        os.unlink(claim)
        changed(give)
print("taken %d" % taken)
