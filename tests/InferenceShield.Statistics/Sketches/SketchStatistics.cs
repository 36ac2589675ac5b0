using InferenceShield.Tests;

namespace InferenceShield.Statistics;

/// <summary>How far off the sketches are, against what theory says.</summary>
internal static class SketchStatistics
{
    private const string Command = "dotnet run --project tests/InferenceShield.Statistics -c Release -- sketches";
    private const int Threads = 2;

    public static void Run()
    {
        Attacks();
        Frequencies();
        Distinct();
        Memory();
    }

    private static void Distinct()
    {
        using ResultFile file = new("sketches-distinct.csv",
            $"Distinct counters: relative bias and root mean square error over many keys, and the asymptotic theory. {Command}",
            "estimator,precision,count,cycles,bias,rmse,theory");
        Distinct(file, 2000, [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000]);
        Distinct(file, 200, [200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000]);
    }

    private static void Distinct(ResultFile file, int cycles, long[] counts)
    {
        DistinctCountSimulation simulation = new([4, 6, 8, 10, 12, 14, 16], counts);
        (double Bias, double Rmse)[,,] results = simulation.Run(cycles, Threads);
        for (int k = 0; k < DistinctCountSimulation.Estimators.Count; k++)
        {
            for (int i = 0; i < simulation.Precisions.Length; i++)
            {
                for (int j = 0; j < counts.Length; j++)
                {
                    file.Write(DistinctCountSimulation.Estimators[k], simulation.Precisions[i], counts[j], cycles,
                        results[i, j, k].Bias, results[i, j, k].Rmse, DistinctCountSimulation.Theory(k, simulation.Precisions[i]));
                }
            }
        }
    }

    private static void Memory()
    {
        const int Cycles = 100_000;
        const int Precision = 8;
        DistinctCountSimulation simulation = new([Precision], [30_000]);
        (double Bias, double Rmse)[,,] results = simulation.Run(Cycles, Threads);
        double hyperLogLog = results[0, 0, 0].Rmse;
        using ResultFile file = new("sketches-memory.csv",
            $"UltraLogLog's error over HyperLogLog's at equal memory: p = {Precision}, 30000 items, {Cycles} keys. Packed: 6 bits a register allow HyperLogLog 4/3 as many; its error is then taken to be sqrt(3/4) of the measured one. {Command}",
            "what,measured,theory");
        double theory = DistinctCountSimulation.Theory(0, Precision);
        double packed = Math.Sqrt(8.0 / 6);
        file.Write("HLL root mean square error", hyperLogLog, theory);
        for (int k = 1; k < 3; k++)
        {
            string name = k == 1 ? "FGRA" : "ML";
            double ratio = results[0, 0, k].Rmse / hyperLogLog;
            double expected = DistinctCountSimulation.Theory(k, Precision) / theory;
            file.Write(name + " root mean square error", results[0, 0, k].Rmse, DistinctCountSimulation.Theory(k, Precision));
            file.Write(name + " / HLL, byte registers", ratio, expected);
            file.Write(name + " / HLL, HLL packed to 6 bits", ratio * packed, expected * packed);
        }
    }

    private static void Frequencies()
    {
        const int Adds = 1_000_000;
        const int Items = 100_000;
        using ResultFile file = new("sketches-frequency.csv",
            $"Count-Min and Space-Saving on Zipf streams of {Adds} adds over {Items} items. Errors in units of the stream's length. {Command}",
            "sketch,size,zipf,mean error,largest error,promised error,share beyond it,promised share,bounds broken,top 20 found");
        foreach (double exponent in (double[])[0.8, 1.1, 1.5])
        {
            int[] stream = ZipfStream(Items, exponent, Adds);
            int[] counts = new int[Items];
            foreach (int item in stream)
            {
                counts[item]++;
            }

            foreach (CountMinUpdate update in Enum.GetValues<CountMinUpdate>())
            {
                foreach (int width in (int[])[512, 2048, 8192])
                {
                    CountMinSketch sketch = new(4, width, KeyOf(width), update);
                    foreach (int item in stream)
                    {
                        sketch.Add((ulong)item);
                    }

                    double[] errors = [.. counts.Select((count, item) => (sketch.Estimate((ulong)item) - count) / (double)Adds)];
                    file.Write($"CountMin {update}", $"4 x {width}", exponent, errors.Average(), errors.Max(), sketch.Epsilon,
                        errors.Count(error => error > sketch.Epsilon) / (double)Items, sketch.Delta, errors.Count(error => error < 0), "");
                }
            }

            foreach (int capacity in (int[])[256, 1024, 4096])
            {
                SpaceSaving summary = new(capacity, KeyOf(capacity));
                foreach (int item in stream)
                {
                    summary.Add((ulong)item);
                }

                HeavyHitter[] top = new HeavyHitter[capacity];
                top = top[..summary.CopyTopTo(top)];
                int broken = top.Count(entry => counts[entry.Item] > entry.Count || counts[entry.Item] < entry.GuaranteedCount);
                int found = counts.Index().OrderByDescending(entry => entry.Item).Take(20).Count(entry => top.Any(hitter => hitter.Item == (ulong)entry.Index));
                file.Write("SpaceSaving", capacity, exponent, top.Average(entry => entry.Error) / Adds, summary.MaximumError / (double)Adds,
                    summary.RelativeStandardError, "", "", broken, found);
            }
        }
    }

    private static void Attacks()
    {
        const int Precision = 10;
        using ResultFile file = new("sketches-attacks.csv",
            $"Published attacks by someone who knows the key, as with an unkeyed sketch, and by someone who does not. {Command}",
            "attack,sketch,key,items,true count,estimate");
        SketchKey known = KeyOf(1);
        ulong[] few = SketchAttacks.FeignMany(known, Precision, 10_000_000);
        ulong[] many = SketchAttacks.HideMany(known, Precision, 1_000_000);
        ulong[] frame = SketchAttacks.Frame(known, 42, 4, 11, 3);
        foreach ((string name, SketchKey key) in ((string, SketchKey)[])[("known", known), ("secret", KeyOf(2))])
        {
            foreach ((string attack, ulong[] items) in ((string, ulong[])[])[("inflate", few), ("hide", many)])
            {
                HyperLogLog hyperLogLog = new(Precision, key);
                UltraLogLog ultraLogLog = new(Precision, key);
                foreach (ulong item in items)
                {
                    hyperLogLog.Add(item);
                    ultraLogLog.Add(item);
                }

                file.Write(attack, "HyperLogLog", name, items.Length, items.Length, hyperLogLog.Estimate());
                file.Write(attack, "UltraLogLog FGRA", name, items.Length, items.Length, ultraLogLog.Estimate());
                file.Write(attack, "UltraLogLog ML", name, items.Length, items.Length, ultraLogLog.EstimateMaximumLikelihood());
            }

            foreach (CountMinUpdate update in Enum.GetValues<CountMinUpdate>())
            {
                CountMinSketch sketch = new(4, 2048, key, update);
                sketch.Add(42);
                for (int round = 0; round < 1000; round++)
                {
                    foreach (ulong item in frame)
                    {
                        sketch.Add(item);
                    }
                }

                file.Write("frame", $"CountMin {update}", name, frame.Length, 1, sketch.Estimate(42));
            }
        }
    }

    private static int[] ZipfStream(int items, double exponent, int adds)
    {
        double[] cumulated = new double[items];
        double sum = 0;
        for (int i = 0; i < items; i++)
        {
            sum += Math.Pow(i + 1, -exponent);
            cumulated[i] = sum;
        }

        Random random = new(7);
        int[] stream = new int[adds];
        for (int i = 0; i < adds; i++)
        {
            int index = Array.BinarySearch(cumulated, random.NextDouble() * sum);
            stream[i] = Math.Min(index < 0 ? ~index : index, items - 1);
        }

        return stream;
    }

    private static SketchKey KeyOf(int number)
    {
        byte[] key = new byte[16];
        BitConverter.TryWriteBytes(key, number);
        key[15] = 2;
        return new SketchKey(key);
    }
}
