"""bench/run --hours: random histories and random trees of embeds (tests/histories), one after the other, each with a seed of its own."""
import json
import os
import random
import subprocess
import time


def endure(hours, histories, environment):
    """Runs until the time is over or one fails. Returns True if none did. PGSLUICE_SEED with the printed seed repeats one."""
    end = time.monotonic() + hours * 3600
    done = 0
    while time.monotonic() < end:
        test = ("Random/Histories.*/0", "Random/Trees.*/0")[done % 2]
        seed, start = random.randrange(2**32), time.monotonic()
        run = subprocess.run([histories, f"--gtest_filter={test}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             errors="replace", check=False, env={**environment, "PGSLUICE_SEED": str(seed)})
        passed = run.returncode == 0 and "[  PASSED  ] 1 test" in run.stdout
        print(json.dumps({"name": "history", "test": test, "seed": seed, "seconds": round(time.monotonic() - start, 1),
                          "passed": passed}), flush=True)
        if not passed:
            print(run.stdout, f"\nPGSLUICE_SEED={seed} {os.path.relpath(histories)} --gtest_filter='{test}' repeats it", flush=True)
            return False
        done += 1
    print(f"{done} histories, all indexes equal their tables")
    return True
