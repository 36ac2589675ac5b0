using System.Collections.Concurrent;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Callers;

/// <summary>From a key to what is kept of the caller: the record's state word is read, or the dictionary's value.</summary>
internal sealed class CallerLookup(int keys) : BenchmarkSuite
{
    private readonly int[] _positions = new int[5];
    private readonly ConcurrentDictionary<string, StrongBox> _byName = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<CallerKey, StrongBox> _byKey = new();
    private KeyOrder _order = null!;
    private CallerShield _shield = null!;
    private long _sum;
    private long _missing;

    public void DictionaryByName()
    {
        foreach (int index in _order.Next(ref _positions[0]))
        {
            Count(_byName.TryGetValue(_order.Names[index], out StrongBox? value), value);
        }
    }

    public void DictionaryByKey()
    {
        foreach (int index in _order.Next(ref _positions[1]))
        {
            Count(_byKey.TryGetValue(_shield.Keys[index], out StrongBox? value), value);
        }
    }

    public void TableByHandle()
    {
        CallerTable table = _shield.Control.Callers;
        foreach (int index in _order.Next(ref _positions[2]))
        {
            CallerHandle handle = _shield.Handles[index];
            int slot = Volatile.Read(ref handle.Slots.Caller);
            Count(table, table.IsOwner(slot, handle.Caller) ? slot : CallerTable.None);
        }
    }

    public void TableByKey()
    {
        CallerTable table = _shield.Control.Callers;
        foreach (int index in _order.Next(ref _positions[3]))
        {
            Count(table, table.Find(_shield.Keys[index]));
        }
    }

    public void TableByName()
    {
        CallerTable table = _shield.Control.Callers;
        foreach (int index in _order.Next(ref _positions[4]))
        {
            Count(table, table.Find(_shield.Shield.IdentifyCaller(_order.Names[index])));
        }
    }

    protected override void Prepare()
    {
        _order = new KeyOrder(keys);
        _shield = new CallerShield(_order.Names);
        for (int i = 0; i < keys; i++)
        {
            StrongBox value = new();
            _byName[_order.Names[i]] = value;
            _byKey[_shield.Keys[i]] = value;
        }
    }

    protected override void Finish()
    {
        if (_missing != 0)
        {
            throw new InvalidOperationException($"{_missing:N0} callers were not found.");
        }

        _shield.CheckAllKnown();
        _shield.Dispose();
        _byName.Clear();
        _byKey.Clear();
        GC.Collect(); // the next group is to begin without this one's memory
    }

    private void Count(bool found, StrongBox? value)
    {
        if (found)
        {
            _sum += value!.Arrival;
        }
        else
        {
            _missing++;
        }
    }

    private void Count(CallerTable table, int slot)
    {
        if (slot >= 0)
        {
            _sum += table[slot].Arrival;
        }
        else
        {
            _missing++;
        }
    }

    private sealed class StrongBox
    {
        public long Arrival { get; set; } = 1;
    }
}
