using Microsoft.Extensions.Options;
using Xunit;

namespace InferenceShield.Tests;

public class CalibrationFileTests
{
    private static readonly Lazy<DetectionCalibration> s_fitted = new(() =>
        CalibrationFit.Fit(CalibrationCases.Profile(), CalibrationCases.Callers(260, stream: 21, longest: 50), CalibrationCases.Rows(500, stream: 22, shift: 2), seed: 5));

    [Fact]
    public void What_is_loaded_judges_as_what_was_saved()
    {
        DetectionCalibration loaded = Load(Saved());
        CallerHistory[] callers = CalibrationCases.Callers(20, stream: 23, shift: .5f);

        Assert.Equal(Saved(), Saved(loaded));
        Assert.Equal(CalibrationFit.Maxima(s_fitted.Value, callers), CalibrationFit.Maxima(loaded, callers));
        Assert.Equal(s_fitted.Value.Thresholds!.Values, loaded.Thresholds!.Values);
        Assert.Equal(260, loaded.Callers);
    }

    [Fact]
    public void A_calibration_without_callers_is_kept_too()
    {
        DetectionCalibration cold = CalibrationFit.FitRows(CalibrationCases.Profile(), CalibrationCases.Rows(500, stream: 24), []);
        DetectionCalibration loaded = Load(Saved(cold));

        Assert.Equal(0, loaded.Callers);
        Assert.True(loaded.IsAdvisory);
        Assert.Null(loaded.Baseline);
        Assert.Equal(cold.Tables.Values, loaded.Tables.Values);
    }

    [Fact]
    public void Every_damage_is_refused()
    {
        byte[] file = Saved();
        for (int place = 0; place < file.Length; place += place < 300 ? 1 : 211)
        {
            byte[] flipped = [.. file];
            flipped[place] ^= 4;
            Assert.NotEqual(DetectionFileFault.None, Refused(flipped).Fault);
        }

        for (int length = 0; length < file.Length; length += length < 300 ? 1 : 53)
        {
            DetectionFileFault fault = Refused(file[..length]).Fault;
            Assert.Equal(DetectionFileFault.Truncated, fault);
        }

        Assert.Equal(DetectionFileFault.TooLarge, Refused([.. file, 0]).Fault);
    }

    [Fact]
    public void Another_key_model_or_version_is_told()
    {
        byte[] file = Saved();
        byte[] newer = [.. file];
        newer[4] = 2;

        Assert.Contains("'other'", Assert.Throws<DetectionFileException>(() => Load(file, model: "other")).Message, StringComparison.Ordinal);
        Assert.Equal(DetectionFileFault.OtherModel, Assert.Throws<DetectionFileException>(() => Load(file, model: "other")).Fault);
        Assert.Equal(DetectionFileFault.OtherKey, Assert.Throws<DetectionFileException>(() => Load(file, secret: 2)).Fault);
        Assert.Equal(DetectionFileFault.UnknownVersion, Refused(newer).Fault);
        Assert.Equal(DetectionFileFault.NotADetectionFile, Refused([1, 2, 3, 4]).Fault);
    }

    [Fact]
    public void A_shield_loads_it_and_keeps_the_object_while_the_bytes_stay()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string path = Path.Combine(folder, "model.detection");
            File.WriteAllBytes(path, Saved());
            using Shield shield = TestShield.Build(configure: options => Set(options, path));
            DetectionCalibration? first = PlanOf(shield).Detection;
            ShieldOptions again = TestShield.Options();
            Set(again, path);
            shield.Reload(again);

            Assert.Equal(260, first!.Callers);
            Assert.Same(first, PlanOf(shield).Detection);

            File.WriteAllBytes(path, Saved()[..100]);
            string fault = Assert.Single(Assert.Throws<OptionsValidationException>(() => shield.Reload(again)).Failures);
            Assert.Contains("Detection:CalibrationFile is '", fault, StringComparison.Ordinal);
            Assert.Contains("truncated", fault, StringComparison.Ordinal);
            Assert.Same(first, PlanOf(shield).Detection);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        ShieldOptions options = TestShield.Options();
        options.Detection.Callers = 63;
        options.Detection.RecordShare = double.NaN;
        options.Detection.RecordBytes = 1;
        options.Detection.RecordTo = "log";

        string faults = string.Join('\n', ShieldOptionsValidator.Validate(options, "", serving: null));

        Assert.Contains("Detection:Callers is 63", faults, StringComparison.Ordinal);
        Assert.Contains("Detection:RecordShare is NaN", faults, StringComparison.Ordinal);
        Assert.Contains("Detection:RecordBytes is 1;", faults, StringComparison.Ordinal);
        Assert.Contains("Detection:RecordTo needs Detection:CalibrationFile", faults, StringComparison.Ordinal);
    }

    private static void Set(ShieldOptions options, string path) => options.Detection = new DetectionOptions { CalibrationFile = path, Callers = 64 };

    private static ShieldPlan PlanOf(Shield shield) =>
        (ShieldPlan)typeof(Shield).GetField("_plan", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.GetValue(shield)!;

    private static byte[] Saved(DetectionCalibration? calibration = null)
    {
        using ShieldSecret secret = new(TestShield.Secret(1));
        using MemoryStream stream = new();
        (calibration ?? s_fitted.Value).Save(stream, CalibrationCases.Model, secret);
        return stream.ToArray();
    }

    private static DetectionCalibration Load(byte[] file, int secret = 1, string model = CalibrationCases.Model)
    {
        using ShieldSecret key = new(TestShield.Secret(secret));
        return DetectionCalibration.Load(file, model, key);
    }

    private static DetectionFileException Refused(byte[] file) => Assert.Throws<DetectionFileException>(() => Load(file));
}
