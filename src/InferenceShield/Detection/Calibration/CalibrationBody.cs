namespace InferenceShield;

/// <summary>What a <see cref="CalibrationFile"/> says: the profile, then the calibration's parts in the order of its properties.</summary>
/// <remarks>A list is its length in 4 bytes and its numbers; a part that may be missing begins with a byte, 1 if it is there.</remarks>
internal static class CalibrationBody
{
    private const int Scalars = QuerySignals.ScalarCount;

    public static void Write(BinaryWriter writer, DetectionCalibration calibration)
    {
        calibration.Profile.Write(writer);
        writer.Write(calibration.Callers);
        Write(writer, calibration.Tables);
        WriteOptional(writer, calibration.Outliers, Write);
        WriteOptional(writer, calibration.Baseline, Write);
        WriteOptional(writer, calibration.Thresholds, Write);
        writer.Write(calibration.Cells.Bits);
        writer.Write(calibration.Cells.Classes);
        Write(writer, calibration.Cells.Mass);
        WriteOptional(writer, calibration.Linking, Write);
        Write(writer, calibration.Plain.LabelShares);
        writer.Write(calibration.Plain.BorderlineShare);
        Write(writer, calibration.Plain.VectorMean);
        Write(writer, calibration.Plain.VectorSpread);
    }

    public static DetectionCalibration Read(BinaryReader reader, DetectionKey key)
    {
        DetectionProfile profile = DetectionProfile.Read(reader, key);
        int callers = reader.ReadInt32();
        Require(callers >= 0, "the number of callers is negative");
        SignalTables tables = ReadTables(reader);
        OutlierModel? outliers = ReadOptional(reader, ReadOutliers);
        CallerBaseline? baseline = ReadOptional(reader, ReadBaseline);
        DetectionThresholds? thresholds = ReadOptional(reader, ReadThresholds);
        OdometerCells cells = new() { Bits = reader.ReadInt32(), Classes = reader.ReadInt32(), Mass = ReadFloats(reader) };
        Require(cells.Bits is >= 0 and <= 16 && cells.Classes > 0 && cells.Mass.Length is > 0 and <= CellBitmap.MostCells, "the odometer's cells are not possible");
        LinkingBaseline? linking = ReadOptional(reader, ReadLinking);
        PlainBaseline plain = new()
        {
            LabelShares = ReadFloats(reader),
            BorderlineShare = reader.ReadSingle(),
            VectorMean = ReadFloats(reader, QuerySignals.VectorLength),
            VectorSpread = ReadFloats(reader, QuerySignals.VectorLength),
        };
        return new DetectionCalibration(profile, callers, tables, outliers, baseline, thresholds, cells, linking, plain);
    }

    private static void Write(BinaryWriter writer, SignalTables tables)
    {
        foreach (bool active in tables.Active)
        {
            writer.Write(active);
        }

        Write(writer, tables.TableOf);
        Write(writer, tables.Values);
        Write(writer, tables.Ranges);
    }

    private static SignalTables ReadTables(BinaryReader reader)
    {
        SignalTables tables = new()
        {
            Active = [.. Enumerable.Range(0, Scalars).Select(_ => reader.ReadBoolean())],
            TableOf = ReadInts(reader),
            Values = ReadFloats(reader),
            Ranges = ReadFloats(reader),
        };
        int count = tables.Ranges.Length / Scalars;
        Require(
            count > 0 && tables.Ranges.Length == count * Scalars && tables.Values.Length == count * Scalars * SignalTables.Quantiles
            && tables.TableOf.Length > 0 && tables.TableOf.All(table => table >= 0 && table < count),
            "tables and labels do not belong together");
        return tables;
    }

    private static void Write(BinaryWriter writer, OutlierModel outliers)
    {
        Write(writer, outliers.DistanceCuts);
        Write(writer, outliers.TrainedCuts);
        Write(writer, outliers.Mean);
        Write(writer, outliers.Precision);
        Write(writer, outliers.Linear);
        Write(writer, outliers.Absolute);
        Write(writer, outliers.Quadratic);
        writer.Write(outliers.IsTrained);
    }

    private static OutlierModel ReadOutliers(BinaryReader reader) => new()
    {
        DistanceCuts = ReadFloats(reader, 2),
        TrainedCuts = ReadFloats(reader, 2),
        Mean = ReadFloats(reader, Scalars),
        Precision = ReadFloats(reader, Scalars * Scalars),
        Linear = ReadFloats(reader, Scalars),
        Absolute = ReadFloats(reader, Scalars),
        Quadratic = ReadFloats(reader, Scalars * Scalars),
        IsTrained = reader.ReadBoolean(),
    };

    private static void Write(BinaryWriter writer, CallerBaseline baseline)
    {
        Write(writer, baseline.Checkpoints);
        WriteAll(writer, baseline.Cumulative);
        WriteAll(writer, baseline.Recent32);
        WriteAll(writer, baseline.Recent256);
        WriteAll(writer, baseline.OutputCumulative);
        WriteAll(writer, baseline.OutputRecent32);
        WriteAll(writer, baseline.OutputRecent256);
        Write(writer, baseline.NearDuplicateScales);
        Write(writer, baseline.OutlierScales);
        Write(writer, baseline.TrainedOutlierScales);
        writer.Write(baseline.Lifetime);
    }

    private static CallerBaseline ReadBaseline(BinaryReader reader)
    {
        int[] checkpoints = ReadInts(reader);
        Require(checkpoints.Length is > 0 and <= 64 && checkpoints[0] > 0 && checkpoints.Zip(checkpoints.Skip(1)).All(pair => pair.First < pair.Second), "the checkpoints do not ascend");
        CallerBaseline baseline = new()
        {
            Checkpoints = checkpoints,
            Cumulative = ReadAll(reader, checkpoints.Length, QuerySignals.VectorLength),
            Recent32 = ReadAll(reader, checkpoints.Length, QuerySignals.VectorLength),
            Recent256 = ReadAll(reader, checkpoints.Length, QuerySignals.VectorLength),
            OutputCumulative = ReadAll(reader, checkpoints.Length, 2 * QuerySignals.OutputScalarCount),
            OutputRecent32 = ReadAll(reader, checkpoints.Length, 2 * QuerySignals.OutputScalarCount),
            OutputRecent256 = ReadAll(reader, checkpoints.Length, 2 * QuerySignals.OutputScalarCount),
            NearDuplicateScales = ReadFloats(reader, CallerBaseline.NearDuplicateAllowances.Length),
            OutlierScales = ReadFloats(reader, 2 * CallerBaseline.OutlierAllowances.Length),
            TrainedOutlierScales = ReadFloats(reader, 2 * CallerBaseline.OutlierAllowances.Length),
            Lifetime = reader.ReadInt32(),
        };
        Require(
            baseline.Lifetime > 0 && baseline.NearDuplicateScales.Concat(baseline.OutlierScales).Concat(baseline.TrainedOutlierScales).All(scale => scale > 0),
            "a lifetime or a scale is not positive");
        return baseline;
    }

    private static void Write(BinaryWriter writer, VectorBaseline vectors)
    {
        Write(writer, vectors.Mean);
        Write(writer, vectors.Whitening);
        writer.Write(vectors.Scale);
    }

    private static VectorBaseline ReadVectors(BinaryReader reader, int dimension)
    {
        VectorBaseline vectors = new()
        {
            Dimension = dimension,
            Mean = ReadFloats(reader, dimension),
            Whitening = ReadFloats(reader, dimension * dimension),
            Scale = reader.ReadSingle(),
        };
        Require(vectors.Scale > 0, "a scale is not positive");
        return vectors;
    }

    private static void WriteAll(BinaryWriter writer, VectorBaseline[] all)
    {
        foreach (VectorBaseline vectors in all)
        {
            Write(writer, vectors);
        }
    }

    private static VectorBaseline[] ReadAll(BinaryReader reader, int count, int dimension) =>
        [.. Enumerable.Range(0, count).Select(_ => ReadVectors(reader, dimension))];

    private static void Write(BinaryWriter writer, DetectionThresholds thresholds)
    {
        Write(writer, thresholds.Values);
        foreach (double promise in thresholds.Promises)
        {
            writer.Write(promise);
        }

        foreach (bool extrapolated in thresholds.Extrapolated)
        {
            writer.Write(extrapolated);
        }
    }

    private static DetectionThresholds ReadThresholds(BinaryReader reader) => new()
    {
        Values = ReadFloats(reader, 4 * DetectionThresholds.Statistics),
        Promises = [.. Enumerable.Range(0, 4).Select(_ => reader.ReadDouble())],
        Extrapolated = [.. Enumerable.Range(0, 4).Select(_ => reader.ReadBoolean())],
    };

    private static void Write(BinaryWriter writer, LinkingBaseline linking)
    {
        Write(writer, linking.Lengths);
        writer.Write(linking.NearQueryShare);
        for (int at = 0; at < LinkingBaseline.Queries.Length; at++)
        {
            WriteOptional(writer, linking.Vectors[at], Write);
            Write(writer, linking.Spreads[at]);
            Write(writer, [.. linking.Sizes[at].SelectMany(size => new[] { size.Cohort, size.Size })]);
        }
    }

    private static LinkingBaseline ReadLinking(BinaryReader reader)
    {
        int count = LinkingBaseline.Queries.Length;
        LinkingBaseline linking = new()
        {
            Lengths = ReadFloats(reader, count),
            NearQueryShare = reader.ReadSingle(),
            Vectors = new VectorBaseline?[count],
            Spreads = new float[count][],
            Sizes = new (int, int)[count][],
        };
        Require(float.IsNaN(linking.NearQueryShare) || linking.NearQueryShare is > 0 and <= 1, "a share is not above 0 and up to 1");
        for (int at = 0; at < count; at++)
        {
            linking.Vectors[at] = ReadOptional(reader, source => ReadVectors(source, QuerySignals.VectorLength));
            linking.Spreads[at] = ReadFloats(reader, QuerySignals.VectorLength);
            int[] sizes = ReadInts(reader);
            Require(sizes.Length % 2 == 0, "a cohort has no size");
            linking.Sizes[at] = [.. sizes.Chunk(2).Select(pair => (pair[0], pair[1]))];
        }

        return linking;
    }

    private static void WriteOptional<T>(BinaryWriter writer, T? part, Action<BinaryWriter, T> write)
        where T : class
    {
        writer.Write(part is not null);
        if (part is not null)
        {
            write(writer, part);
        }
    }

    private static T? ReadOptional<T>(BinaryReader reader, Func<BinaryReader, T> read)
        where T : class => reader.ReadBoolean() ? read(reader) : null;

    private static void Write(BinaryWriter writer, ReadOnlySpan<float> numbers)
    {
        writer.Write(numbers.Length);
        foreach (float number in numbers)
        {
            writer.Write(number);
        }
    }

    private static void Write(BinaryWriter writer, ReadOnlySpan<int> numbers)
    {
        writer.Write(numbers.Length);
        foreach (int number in numbers)
        {
            writer.Write(number);
        }
    }

    private static float[] ReadFloats(BinaryReader reader, int length)
    {
        float[] numbers = ReadFloats(reader);
        Require(numbers.Length == length, $"a list has {numbers.Length} numbers instead of {length}");
        return numbers;
    }

    private static float[] ReadFloats(BinaryReader reader)
    {
        float[] numbers = new float[ReadLength(reader)];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = reader.ReadSingle();
            Require(!float.IsNaN(numbers[i]), "a number is NaN");
        }

        return numbers;
    }

    private static int[] ReadInts(BinaryReader reader)
    {
        int[] numbers = new int[ReadLength(reader)];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = reader.ReadInt32();
        }

        return numbers;
    }

    private static int ReadLength(BinaryReader reader)
    {
        int length = reader.ReadInt32();
        Require(length >= 0 && length <= (reader.BaseStream.Length - reader.BaseStream.Position) / 4, $"a list of {length} numbers does not fit");
        return length;
    }

    private static void Require(bool isRight, string otherwise)
    {
        if (!isRight)
        {
            throw CalibrationFile.Malformed(otherwise);
        }
    }
}
