using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>The script in a dossier by which anybody recomputes its figures, with Python 3 and nothing else.</summary>
internal static class RecomputeScript
{
    /// <summary>The script. Its rules and levels are those of <see cref="VerdictRules"/> and <see cref="Combination"/>.</summary>
    public static string Text { get; } = Template
        .Replace("@ANSWERS@", Number(VerdictRules.LeastAnswers), StringComparison.Ordinal)
        .Replace("@COPYING@", Number(VerdictRules.Copying), StringComparison.Ordinal)
        .Replace("@NOTHING@", Number(VerdictRules.Nothing), StringComparison.Ordinal)
        .Replace("@MOST@", Number(VerdictRules.MostRandomKeys), StringComparison.Ordinal)
        .Replace("@SMALLEST@", Number(BinomialTail.Smallest), StringComparison.Ordinal)
        .ReplaceLineEndings("\n");

    private const string Template = """"
        #!/usr/bin/env python3
        # Recomputes the figures of this dossier from the numbers in it. Usage: python3 recompute.py DOSSIER.zip
        # Needs Python 3.9 and nothing else. Exit code 0: all figures are those of the report. The signature is OpenSSL's: see README.txt.
        import hashlib, json, math, sys, zipfile

        SMALLEST = @SMALLEST@  # no smaller p-value is stated

        def sign_tail(weights, total):
            """The chance that weights with fair random signs sum to the total or more: by counting all assignments of signs."""
            weights = [weight for weight in weights if weight]
            if not weights or total <= -sum(weights):
                return 1.0
            divisor = math.gcd(*weights)
            if len(set(weights)) > 1 and sum(weights) // divisor * len(weights) > 2 ** 31:
                return max(SMALLEST, math.exp(-total * total / (2 * sum(w * w for w in weights)))) if total > 0 else 1.0  # Hoeffding
            weights = [weight // divisor for weight in weights]
            plus = -((-(total + sum(weights) * divisor)) // (2 * divisor))  # the weights that get a plus have to reach it
            ways, reached = [1] + [0] * sum(weights), 0
            if len(set(weights)) == 1:
                ways = []
                for i in range(len(weights) + 1):
                    ways += [math.comb(len(weights), i)] + [0] * ((weights[0] - 1) if i < len(weights) else 0)
            else:
                for weight in weights:
                    reached += weight
                    for i in range(reached, weight - 1, -1):
                        ways[i] += ways[i - weight]
            return max(SMALLEST, sum(ways[plus:]) / 2 ** len(weights)) if plus < len(ways) else SMALLEST

        def sign_test(counts, picks):
            """Answers and p-value: matches less mismatches against random bits, given the answers."""
            pairs = list(zip(counts["first"], counts["second"]))
            answers = sum(first + second for first, second in pairs)
            matches = sum(first if pick == "1" else second for (first, second), pick in zip(pairs, picks))
            return answers, sign_tail([abs(first - second) for first, second in pairs], 2 * matches - answers) if answers else math.nan

        def label_test(counts):
            """Answers and p-value: matches where each group of queries gets one of the labels, each as likely."""
            chances = [1.0]
            for hits in counts["groups"]:
                hits = [count for count in hits if count]
                after = [0.0] * (len(chances) + max(hits, default=0))
                for i, chance in enumerate(chances):
                    after[i] += chance * (counts["choices"] - len(hits)) / counts["choices"]
                    for count in hits:
                        after[i + count] += chance / counts["choices"]
                chances = after
            p = min(1.0, max(SMALLEST, math.fsum(chances[counts["matches"]:])))
            return counts["answered"], (p if counts["matches"] else 1.0) if counts["answered"] else math.nan

        def rank_test(own, random):
            return (1 + sum(value >= own for value in random)) / (1 + len(random))

        def is_void(test):
            controls = [p for p in map(float, test["controlPValues"]) if not math.isnan(p)]
            return float(test["randomKeyShare"]) > @MOST@ or min(controls, default=1) * max(1, len(test["controlPValues"])) < @NOTHING@

        def combine(tests):
            """Fisher's product of the tests by keys with the answers they need, then Bonferroni with the others."""
            held = [(t["method"] != "Controls" and t["answers"] >= t["needed"], float(t["pValue"])) for t in tests if not is_void(t) and not math.isnan(float(t["pValue"]))]
            keyed = [p for joins, p in held if joins]
            every = [p for joins, p in held if not joins]
            if keyed:
                x = -sum(math.log(max(SMALLEST, p)) for p in keyed)
                log_sum = math.log(sum(x ** i / math.factorial(i) for i in range(len(keyed))))
                every.insert(0, keyed[0] if len(keyed) == 1 else min(1, max(SMALLEST, math.exp(log_sum - x))))
            return min(1, len(every) * min(every)) if every else math.nan

        def holm(values):
            order, least, out = sorted((i for i, p in enumerate(values) if not math.isnan(p)), key=lambda i: values[i]), 0, list(values)
            for place, i in enumerate(order):
                least = max(least, min(1, (len(order) - place) * values[i]))
                out[i] = least
            return out

        def with_left_out(test, recorded, left_out):
            """A test's p-value if every query of the list that is left out had been answered as the key does not pick: Hoeffding's bound, for tests by signs."""
            p = float(test["pValue"])
            if test["method"] != "Exact" or recorded is not None and recorded.get("labels") is not None or math.isnan(p):
                return p
            if recorded is None or recorded.get("suspect") is None or recorded.get("picks") is None:
                return 1.0
            surplus = [first - second for first, second in zip(recorded["suspect"]["first"], recorded["suspect"]["second"])]
            total = sum(s if pick == "1" else -s for s, pick in zip(surplus, recorded["picks"])) - left_out
            largest = max(map(abs, surplus), default=0)
            squares = sum(s * s for s in surplus) + (left_out if recorded.get("inputs") is not None and largest <= 1 else (largest + left_out) ** 2 - largest ** 2)
            return 1.0 if total <= 0 else max(p, math.exp(-total * total / (2 * squares)))

        def at_worst(report, recorded, p):
            binding = report.get("binding") or {}
            left_out = binding.get("gone", 0) + binding.get("unknown", 0)
            if not left_out or p > @COPYING@:
                return p
            tests = [{**t, "pValue": with_left_out(t, next((r for r in recorded if r["test"] == t["name"]), None), left_out)} for t in report["tests"]]
            return min(1, choices(report) * combine(tests) * max(1, p / (min(1, choices(report) * combine(report["tests"])) or 1)))

        def choices(report):  # keys that were declared, and ways in which queries could have been chosen
            return (1 + len(report["otherCommitments"])) * (report.get("binding") or {}).get("choices", 1)

        def verdict(report, recorded, p):
            held = [t for t in report["tests"] if not is_void(t) and not math.isnan(float(t["pValue"]))]
            if p <= @COPYING@ and at_worst(report, recorded, p) <= @COPYING@ and max((t["answers"] for t in held), default=@ANSWERS@) >= @ANSWERS@:
                return "ConsistentWithCopying"
            return "NoEvidence" if p > @NOTHING@ and any(t["answers"] >= t["needed"] for t in held) else "Inconclusive"

        def refuse_twice(names, what):
            if len(set(names)) != len(names):
                sys.exit(f"REFUSED: {what} is named twice, and would be counted twice or be another.")

        def kind(recorded):
            """What a test is recomputed from. One that could be recomputed from two things is refused."""
            kinds = [k for k, keys in {"rank": ("own", "random"), "labels": ("labels",), "signs": ("suspect", "picks")}.items() if any(recorded.get(key) is not None for key in keys)]
            return kinds[0] if len(kinds) == 1 else sys.exit(f"REFUSED: the record of a {recorded['test']} test is of {len(kinds)} kinds; one is right.")

        def main():
            wrong = 0

            def compare(name, said, found):
                nonlocal wrong
                same = said == found if isinstance(said, str) else math.isnan(said) and math.isnan(found) or math.isclose(said, found, rel_tol=1e-9)
                wrong += not same
                print(f"{'ok   ' if same else 'WRONG'} {name}: report {said}, recomputed {found}")

            if len(sys.argv) != 2:
                sys.exit("Give the dossier: python3 recompute.py DOSSIER.zip")
            with zipfile.ZipFile(sys.argv[1]) as archive:
                for name, digest in json.loads(archive.read("manifest.json"))["sha256"].items():
                    compare("SHA-256 of " + name, digest, hashlib.sha256(archive.read(name)).hexdigest())
                reports = json.loads(archive.read("report.json"))
                recorded = json.loads(archive.read("record.json"))
            refuse_twice([record["suspect"] for record in recorded], "a suspect of the record")
            refuse_twice([report["suspect"] for report in reports], "a suspect")
            for report in reports:
                refuse_twice([test["name"] for test in report["tests"]], "a test of " + report["suspect"])
            records = {record["suspect"]: record["tests"] for record in recorded}
            for suspect, tests in records.items():
                refuse_twice([test["test"] for test in tests], "a recorded test of " + suspect)
            for report in reports:
                for test in report["tests"]:
                    name = report["suspect"] + ", " + test["name"]
                    recorded = next((r for r in records.get(report["suspect"], []) if r["test"] == test["name"]), None)
                    if recorded is None:
                        print(f"--    {name}: nothing is recorded to recompute it from")
                    elif kind(recorded) == "rank":
                        compare(name + ", p", float(test["pValue"]), rank_test(float(recorded["own"]), list(map(float, recorded["random"]))))
                    elif kind(recorded) == "labels":
                        answers, p = label_test(recorded["labels"])
                        compare(name + ", answers", float(test["answers"]), float(answers))
                        compare(name + ", p", float(test["pValue"]), p)
                        for i, (said, counts) in enumerate(zip(test["controlPValues"], recorded["controlLabels"])):
                            compare(f"{name}, p of control {i + 1}", float(said), label_test(counts)[1])
                    else:
                        answers, p = sign_test(recorded["suspect"], recorded["picks"])
                        compare(name + ", answers", float(test["answers"]), float(answers))
                        compare(name + ", p", float(test["pValue"]), p)
                        for i, (said, counts) in enumerate(zip(test["controlPValues"], recorded["controls"])):
                            compare(f"{name}, p of control {i + 1}", float(said), sign_test(counts, recorded["picks"])[1])
            for report, p in zip(reports, holm([min(choices(report) * combine(report["tests"]), 1) for report in reports])):
                compare(report["suspect"] + ", combined p", float(report["combinedPValue"]), p)
                compare(report["suspect"] + ", verdict", report["verdict"], verdict(report, records.get(report["suspect"], []), p))
            print("All figures are those of the report." if not wrong else f"{wrong} figures are NOT those of the report.")
            return 1 if wrong else 0

        if __name__ == "__main__":
            sys.exit(main())

        """";

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
