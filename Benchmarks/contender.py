"""Programs that are measured: warm ones, which answer in turn, and commands whose run time itself is the figure."""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

QUIET = 0.05  # share of the machine that others may use during a sample
RETRIES = 2
LONG = 20  # seconds of a sample that is not taken again


def busy_time():
    """Seconds that all cores together have been busy."""
    with open("/proc/stat") as file:
        fields = [int(x) for x in file.readline().split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def others(busy, taken):
    """Share of the machine that other programs used during a sample."""
    return max(0.0, (busy_time() - busy - taken["processorSeconds"]) / (os.cpu_count() * taken["seconds"]))


class Contender:
    """A program under a name, with its samples; `problem` says why there are none."""

    def __init__(self, name, command, environment):
        self.name, self.command, self.environment = name, command, environment
        self.samples, self.problem, self.variant, self.preparing = [], None, None, 0

    def start(self):
        pass

    def sample(self):
        for attempt in range(RETRIES + 1):
            busy = busy_time()
            taken = self.take()
            if taken is None:
                return
            taken["others"] = others(busy, taken)
            if taken["others"] <= QUIET or attempt == RETRIES or taken["seconds"] > LONG:
                self.samples.append(taken)
                return
            time.sleep(1)

    def profile(self):
        """Where the time of the samples goes: the parts of a second of it, as `ieum bench ... --profile` names them."""
        return {}

    def median(self, key):
        return statistics.median(sample[key] for sample in self.samples)

    def close(self):
        pass


class Warm(Contender):
    """Answers each line on its stdin with a sample."""

    process = None

    def start(self):
        self.messages = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.messages,
                                        text=True, env=self.environment)
        ready = self.answer()
        if ready is not None:
            self.variant = ready.get("variant")

    def answer(self):
        """The next line of JSON; what libraries print between is passed over."""
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        self.process.wait()
        self.messages.seek(0)
        lines = [line for line in self.messages.read().splitlines() if line.strip()]
        self.problem = lines[-1] if lines else f"ended with status {self.process.returncode}"

    def ask(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it has died; what it said last comes with the answer
        return self.answer()

    def profile(self):
        return self.ask("profile") or {"note": f"no profile: {self.problem}"}

    def take(self):
        """A sample, with the memory it took beyond what was resident before it."""
        before = self.memory("VmRSS")
        try:
            with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
                file.write("5")  # the peak starts again from here
        except OSError:
            before = None
        taken = self.ask("")
        after = self.memory("VmHWM")
        if taken and before is not None and after is not None:
            taken["extraBytes"] = max(0, after - before)
        return taken

    def memory(self, key):
        """Nil for a process that has ended."""
        try:
            with open(f"/proc/{self.process.pid}/status") as file:
                found = re.search(key + r":\s+(\d+) kB", file.read())
        except OSError:
            return None
        return int(found.group(1)) * 1024 if found else None

    def close(self):
        if self.process is None:
            return
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.messages.close()


class Command(Contender):
    """A command that is run anew for every sample."""

    def take(self):
        used, start = os.times(), time.perf_counter()
        run = subprocess.run(self.command, capture_output=True, text=True, env=self.environment)
        seconds = time.perf_counter() - start
        now = os.times()
        if run.returncode:
            self.problem = (run.stderr.strip().splitlines() or [f"ended with status {run.returncode}"])[-1]
            return None
        user, system = now.children_user - used.children_user, now.children_system - used.children_system
        return self.read(run, {"seconds": seconds, "processorSeconds": user + system, "user": user, "system": system})

    def read(self, run, taken):
        return taken

    def profile(self):
        """What the processors did in the last sample, and what the loader of libraries says of its part."""
        taken = self.samples[-1]
        parts = [("processor", taken["user"]), ("processor, in the kernel", taken["system"])]
        waiting = taken["seconds"] - sum(seconds for _, seconds in parts)
        loader = subprocess.run(self.command, capture_output=True, text=True,
                                env=dict(self.environment, LD_DEBUG="statistics"))
        told = [line.split(":", 1)[-1].strip() for line in loader.stderr.splitlines() if " cycles" in line]
        return {"stages": stages([*parts, ("neither", max(0, waiting))], taken["seconds"]), "note": "; ".join(told[:3])}


class Extraction(Command):
    """An extraction whose last line tells how long the encoder waited."""

    def read(self, run, taken):
        found = re.search(r"waited (\d+) % of it for decoding and (\d+) % for writing", run.stderr)
        if not found:
            self.problem = "its line on waiting is missing"
            return None
        taken["waited"] = [int(part) / 100 for part in found.groups()]
        taken["busy"] = 1 - sum(taken["waited"])
        return taken

    def profile(self):
        taken = self.samples[-1]
        parts = zip(["the encoder works", "waits for pictures", "waits for the store"], [taken["busy"], *taken["waited"]])
        return {"stages": stages([(name, share * taken["seconds"]) for name, share in parts], taken["seconds"])}


class Expectation(Command):
    """A plan for an empty cache, then the run: what was expected, and what it took."""

    def start(self):
        plan, self.command = self.command
        told = subprocess.run(plan, capture_output=True, text=True, env=self.environment)
        if told.returncode:
            self.problem = (told.stderr.strip().splitlines() or [f"ended with status {told.returncode}"])[-1]
        else:
            self.expected = json.loads(told.stdout)["expected"]

    def take(self):
        for part in ["features", "runs"]:
            shutil.rmtree(os.path.join(self.environment["IEUM_CACHE"], part), ignore_errors=True)
        start = time.time()
        taken = super().take()
        if taken and self.expected["unknown"] == 0:
            taken["expected"] = (self.expected["features"] + self.expected["training"]) / taken["seconds"]
        if taken:
            taken["features"] = max(0, self.last_feature() - start)
        return taken

    def last_feature(self):
        """When the last file of features was written."""
        folder = os.path.join(self.environment["IEUM_CACHE"], "features")
        return max((os.path.getmtime(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names), default=0)

    def profile(self):
        taken = self.samples[-1]
        rest = taken["seconds"] - taken["features"]
        return {"stages": stages([("features", taken["features"]), ("training, evaluation, report", rest)], taken["seconds"]),
                "note": f"expected: features {self.expected['features']:.1f} s, training and evaluation "
                        f"{self.expected['training']:.1f} s"}


def stages(parts, total):
    """Named seconds as `ieum bench ... --profile` tells them."""
    return [{"name": name, "seconds": seconds, "share": seconds / max(total, 1e-9)} for name, seconds in parts]


def left_out(case, reason):
    """The contenders of a case that is not measured."""
    contenders = [Contender(name, command, {}) for name, command, *_ in case.commands]
    for contender in contenders:
        contender.problem = reason
    return contenders


def measure(case, environment, is_asked):
    """Starts all contenders of a case and lets them answer in turn.

    Returns them with their samples, and where the time of the first goes if `is_asked(contenders)`."""
    kind = {"s": Command, "busy": Extraction, "expected": Expectation}.get(case.unit, Warm)
    variables = dict(environment, **case.variables)
    contenders = []
    try:
        for name, command, *rounds in case.commands:
            print(f"  starting {name}", file=sys.stderr, flush=True)
            contenders.append(kind(name, command, variables))
            contenders[-1].rounds = min([case.rounds, *rounds])
            start = time.time()
            guarded(contenders[-1], contenders[-1].start)
            contenders[-1].preparing = time.time() - start
        if kind is Command:  # the first run fills the disk's cache
            for contender in contenders:
                guarded(contender, contender.take)
        for index in range(case.rounds):
            for contender in contenders:
                if contender.problem is None and index < contender.rounds:
                    guarded(contender, contender.sample)
        return contenders, profiled(contenders[0]) if is_asked(contenders) else None
    finally:
        for contender in contenders:
            contender.close()


def profiled(contender):
    """A profile that fails is no reason to doubt the samples."""
    if not contender.samples:
        return None
    problem = contender.problem
    try:
        return contender.profile()
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        return {"note": f"no profile: {type(error).__name__}: {error}"}
    finally:
        contender.problem = problem


def guarded(contender, action):
    """One program that fails is a line in the report, not the end of the run."""
    try:
        action()
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        contender.problem = f"{type(error).__name__}: {error}"
