using System.Runtime.Intrinsics;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>Vector code against its scalar twin. Runs with whatever instructions are switched on: set
/// DOTNET_EnableAVX512=0, DOTNET_EnableAVX2=0 or DOTNET_EnableHWIntrinsic=0 to test the other paths.</summary>
[Trait("Widths", "all")]
public sealed class SketchKernelTests
{
    [Fact]
    public void Register_sums_equal_the_scalar_ones_at_every_length()
    {
        Random random = new(2);
        for (int length = 1; length <= 300; length++)
        {
            foreach (int precision in (int[])[4, 9, 16])
            {
                Check(random, length, precision, 0, 66 - precision);
                Check(random, length, precision, 1, 2);
                Check(random, length, precision, 3, 20);
                Check(random, length, precision, 40, 66 - precision);
            }
        }

        Check(random, 65_536, 16, 0, 50);
        Check(random, 65_536 - 63, 12, 5, 54);
        Check(random, 4096, 12, 9, 26);
        Check(random, 4096, 12, 0, 1);
        Check(random, 4096, 12, 53, 54);
    }

    [Fact]
    public void Register_sums_do_not_depend_on_where_the_window_is()
    {
        // A sample that lies about the rest: low in front, high behind, and the other way round.
        byte[] registers = new byte[4096];
        for (int i = 0; i < registers.Length; i++)
        {
            registers[i] = (byte)(i < 256 ? 50 : i % 53);
        }

        Assert.Equal(RegisterSums.SumScalar(registers, 52), RegisterSums.Of(registers, 12));
        Array.Reverse(registers);
        Assert.Equal(RegisterSums.SumScalar(registers, 52), RegisterSums.Of(registers, 12));
    }

    [Fact]
    public void Unions_equal_the_scalar_ones_for_all_pairs_at_odd_lengths()
    {
        byte[] possible = [.. Enumerable.Range(0, 256).Select(value => (byte)value).Where(value => UltraLogLogRegister.IsPossible(value, 4))];
        foreach (byte left in possible)
        {
            foreach (int length in (int[])[possible.Length, 31, 1])
            {
                byte[] registers = new byte[length];
                registers.AsSpan().Fill(left);
                UltraLogLogRegister.UnionAll(registers, possible.AsSpan(0, length));
                Assert.Equal(possible.AsSpan(0, length).ToArray().Select(right => UltraLogLogRegister.Union(left, right)), registers);
            }
        }
    }

    [Fact]
    public void Registers_do_what_sets_of_levels_do()
    {
        const int Precision = 4;
        Random random = new(3);
        for (int round = 0; round < 20_000; round++)
        {
            HashSet<int> left = [];
            HashSet<int> right = [];
            for (int i = random.Next(6); i > 0; i--)
            {
                (random.Next(2) == 0 ? left : right).Add(Precision - 1 + random.Next(random.Next(1, 62)));
            }

            byte register = Pack(left);
            Assert.True(UltraLogLogRegister.IsPossible(register, Precision));
            Assert.Equal(Pack([.. left, .. right]), UltraLogLogRegister.Union(register, Pack(right)));
            foreach (int level in right)
            {
                byte next = UltraLogLogRegister.Include(register, level);
                Assert.Equal(UltraLogLogRegister.Covers(register, level), next == register);
                register = next;
            }

            Assert.Equal(Pack([.. left, .. right]), register);
        }
    }

    [Fact]
    public void Possible_registers_are_those_that_adding_makes()
    {
        for (int precision = 4; precision <= 16; precision++)
        {
            HashSet<byte> made = [0];
            for (int top = precision - 1; top <= 63; top++)
            {
                for (int flags = 0; flags < 4; flags++)
                {
                    List<int> levels = [top, .. (flags & 2) != 0 ? [top - 1] : (int[])[], .. (flags & 1) != 0 ? [top - 2] : (int[])[]];
                    made.Add(Pack([.. levels.Where(level => level >= precision - 1)]));
                }
            }

            Assert.Equal(made.Order(), Enumerable.Range(0, 256).Select(value => (byte)value).Where(value => UltraLogLogRegister.IsPossible(value, precision)));
        }
    }

    [Fact]
    public void A_histogram_counts_every_byte_at_every_length()
    {
        Random random = new(4);
        int[] counts = new int[256];
        for (int length = 0; length <= 100; length++)
        {
            byte[] bytes = new byte[length];
            random.NextBytes(bytes);
            ByteHistogram.Count(bytes, counts);
            Assert.Equal(Enumerable.Range(0, 256).Select(value => bytes.Count(other => other == value)), counts);
        }
    }

    [Fact]
    public void The_four_rows_at_once_are_the_rows_one_by_one_and_differ()
    {
        Random random = new(5);
        for (int widthBits = 4; widthBits <= 24; widthBits++)
        {
            for (int round = 0; round < 200; round++)
            {
                ulong hash = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
                (int first, int second, int third, int fourth) = CountMinRows.Indices(hash, widthBits);
                int[] indices = [first, second, third, fourth];
                Assert.Equal(Enumerable.Range(0, 4).Select(row => CountMinRows.Index(hash, row, widthBits)), indices);
                Assert.All(indices, (index, row) => Assert.Equal(row, index >> widthBits));
            }
        }

        Assert.Equal(Vector128.Create(-3), CountMinRows.Least(Vector128.Create(5, 9, -3, 7)));
    }

    private static void Check(Random random, int length, int precision, int least, int above)
    {
        byte[] registers = new byte[length];
        for (int i = 0; i < length; i++)
        {
            registers[i] = (byte)random.Next(least, above);
        }

        // The definition, in decimal; the scalar twin is tested with it.
        int q = 64 - precision;
        UInt128 sum = 0;
        foreach (byte register in registers)
        {
            sum += register is 0 || register > q ? 0 : UInt128.One << (q - register);
        }

        RegisterSums expected = new((ulong)sum, registers.Count(register => register == 0), registers.Count(register => register == q + 1));
        Assert.Equal(expected, RegisterSums.SumScalar(registers, q));
        Assert.Equal(expected, RegisterSums.Of(registers, precision));
    }

    private static byte Pack(HashSet<int> levels)
    {
        if (levels.Count == 0)
        {
            return 0;
        }

        int top = levels.Max();
        return (byte)(4 * top + (levels.Contains(top - 1) ? 2 : 0) + (levels.Contains(top - 2) ? 1 : 0));
    }
}
