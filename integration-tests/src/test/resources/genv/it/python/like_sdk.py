# SPDX-License-Identifier: Apache-2.0
"""Does in an environment that a JVM has activated what genv.sdk does, by its documented contract alone: the variables say which
environment it is, the files under the lock say what it has, the lock files of its devices are locked.

Reads lines from its input and answers each with one line of JSON.
"""
import fcntl
import json
import os
import sys

state, eid = os.environ["GENV_TMPDIR"], os.environ["GENV_ENVIRONMENT_ID"]
held = []


def opened(name):
    return os.open(os.path.join(state, name), os.O_CREAT | os.O_RDWR, 0o666)


def load(name):
    with open(os.path.join(state, name), encoding="utf-8") as file:
        return json.load(file)


def save(name, content):
    with open(os.path.join(state, name), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)


def attached(devices):
    return [d["index"] for d in devices["devices"] if any(a["eid"] == eid for a in d["attachments"])]


def under_lock(work):
    fd = opened("genv.lock")
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        return work(load("envs.json"), load("devices.json"))
    finally:
        os.close(fd)


def configure(envs, _):
    env = next(env for env in envs["envs"] if env["eid"] == eid)
    env["config"]["name"] = "of python"
    save("envs.json", envs)
    return env["config"]


def detach(envs, devices):
    for device in devices["devices"]:
        device["attachments"] = [a for a in device["attachments"] if a["eid"] != eid]
    save("devices.json", devices)
    return attached(devices)


def lock(envs, devices):
    for index in attached(devices):
        fd = opened("devices/%d.lock" % index)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held.append(fd)
    return attached(devices)


def unlock(envs, devices):
    while held:
        os.close(held.pop())
    return []


answers = {
    "active": lambda envs, devices: [env["pids"] for env in envs["envs"] if env["eid"] == eid],
    "attached": lambda envs, devices: attached(devices),
    "variables": lambda envs, devices: os.environ["CUDA_VISIBLE_DEVICES"],
    "configure": configure,
    "detach": detach,
    "lock": lock,
    "unlock": unlock,
}
for line in sys.stdin:
    try:
        print(json.dumps(under_lock(answers[line.strip()])), flush=True)
    except BlockingIOError:
        unlock(None, None)
        print('"held"', flush=True)
