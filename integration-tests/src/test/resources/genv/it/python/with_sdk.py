# SPDX-License-Identifier: Apache-2.0
"""The same as stand_in.py with Genv's own SDK. Arguments: referee directory, rounds. GENV_TMPDIR names the state."""
import os
import sys

import genv.sdk

referee, rounds = sys.argv[1], int(sys.argv[2])
taken = 0
for _ in range(rounds):
    try:
        with genv.sdk.activate():
            for index in genv.sdk.attach(gpus=1):
                claim = os.path.join(referee, "device-%d" % index)
                os.close(os.open(claim, os.O_CREAT | os.O_EXCL))
                taken += 1
                os.unlink(claim)
    except RuntimeError:
        pass  # none was free
print("taken %d" % taken)
