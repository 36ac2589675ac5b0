using InferenceShield.Lab;

namespace InferenceShield.Tests;

public sealed class TenantOdometersTests
{
    private static readonly DetectionCalibration s_calibration = Calibration();

    [Fact]
    public void Callers_of_a_tenant_are_counted_as_one()
    {
        TenantOdometers odometers = new(4);
        CallerKey tenant = SyntheticCallers.Key(1);
        CellBitmap one = default;
        SeededRandom random = new(3, 1);
        for (int visit = 0; visit < 300; visit++)
        {
            int cell = random.NextInt32(640);
            one.Set(cell);
            odometers.Visit(s_calibration, tenant, cell);
        }

        Assert.Equal(s_calibration.Cells.MassOf(in one), odometers.Read(s_calibration, tenant), 1e-6);
        Assert.Equal(0, odometers.Read(s_calibration, SyntheticCallers.Key(2)));
    }

    [Fact]
    public void Threads_lose_no_visit()
    {
        TenantOdometers odometers = new(64);
        Threads.Run(4, thread =>
        {
            for (int visit = thread; visit < 640 * 20; visit += 4)
            {
                odometers.Visit(s_calibration, SyntheticCallers.Key(visit % 20), visit / 20);
            }
        });

        Assert.All(Enumerable.Range(0, 20), tenant => Assert.Equal(1, odometers.Read(s_calibration, SyntheticCallers.Key(tenant)), 1e-5));
    }

    [Fact]
    public void No_flood_of_names_makes_a_tenant_less_than_it_was()
    {
        TenantOdometers odometers = new(16);
        CallerKey[] tenants = [.. Enumerable.Range(0, 8).Select(SyntheticCallers.Key)];
        for (int cell = 0; cell < 400; cell++)
        {
            foreach (CallerKey tenant in tenants)
            {
                odometers.Visit(s_calibration, tenant, cell);
            }
        }

        for (int name = 100; name < 3_000; name++)
        {
            odometers.Visit(s_calibration, SyntheticCallers.Key(name), name % 100);
        }

        Assert.All(tenants, tenant => Assert.Equal(400 / 640.0, odometers.Read(s_calibration, tenant), 1e-4));
    }

    [Fact]
    public void Who_comes_back_finds_at_least_what_it_had()
    {
        TenantOdometers odometers = new(16);
        Dictionary<int, CellBitmap> expected = [];
        SeededRandom random = new(8, 1);
        for (int visit = 0; visit < 20_000; visit++)
        {
            int tenant = random.NextInt32(60);
            int cell = random.NextInt32(1 + (10 * tenant));
            CellBitmap cells = expected.GetValueOrDefault(tenant);
            cells.Set(cell);
            expected[tenant] = cells;
            double before = odometers.Read(s_calibration, SyntheticCallers.Key(tenant));
            odometers.Visit(s_calibration, SyntheticCallers.Key(tenant), cell);
            Assert.True(odometers.Read(s_calibration, SyntheticCallers.Key(tenant)) >= before - 1e-6);
        }

        foreach ((int tenant, CellBitmap cells) in expected)
        {
            // A visit of a tenant without room may fall on a cell that was visited, or be the only one that its slot's next owner keeps.
            Assert.True(odometers.Read(s_calibration, SyntheticCallers.Key(tenant)) >= .9 * s_calibration.Cells.MassOf(in cells));
        }
    }

    [Fact]
    public void Under_other_cells_the_mass_reached_stays_as_a_floor_and_counting_begins_anew()
    {
        (DetectionCalibration older, DetectionCalibration first, DetectionCalibration same, DetectionCalibration other) = (Of(1), Of(1), Of(1), Of(2));
        TenantOdometers odometers = new(16);
        CallerKey tenant = SyntheticCallers.Key(1);
        for (int cell = 0; cell < 10; cell++)
        {
            odometers.Visit(first, tenant, cell);
        }

        double reached = odometers.Read(first, tenant);
        Assert.Equal(.5, reached, 1e-6);

        odometers.Visit(older, tenant, 15); // a query that was under way
        Assert.Equal(reached, odometers.Read(first, tenant), 1e-6);

        odometers.Visit(same, tenant, 10);
        reached = odometers.Read(same, tenant);
        Assert.Equal(.55, reached, 1e-6);

        // The floor holds up to eleven of the other cells; beyond, these count.
        for (int cell = 0; cell < 13; cell++)
        {
            odometers.Visit(other, tenant, 19 - cell);
            Assert.Equal(Math.Max(reached, (cell + 1) * .05), odometers.Read(other, tenant), 1e-5);
        }

        Assert.Equal(0, odometers.Read(other, SyntheticCallers.Key(2)));

        static DetectionCalibration Of(int secret)
        {
            DetectionCalibration made = WatchCases.Calibration(4);
            OdometerCells cells = new() { Bits = 2, Classes = 5, Mass = [.. Enumerable.Repeat(.05f, 20)] };
            return new DetectionCalibration(CalibrationCases.Profile(secret), 1000, made.Tables, made.Outliers, made.Baseline, made.Thresholds, cells, linking: null, made.Plain);
        }
    }

    [Fact]
    public void Visits_allocate_nothing()
    {
        TenantOdometers odometers = new(16);
        int cell = 0;
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int name = 0; name < 100; name++)
            {
                odometers.Visit(s_calibration, SyntheticCallers.Key(name), cell++ % 640);
            }
        }));
    }

    private static DetectionCalibration Calibration() => SyntheticCallers.Calibrate(new SyntheticCallers(), 100, 1);
}
