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
