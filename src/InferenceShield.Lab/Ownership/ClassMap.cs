namespace InferenceShield.Lab;

/// <summary>Which class of the target a suspect's class is.</summary>
internal static class ClassMap
{
    /// <summary>The map under which two models agree most, one class to one: the assignment problem, by the Hungarian method (Kuhn 1955; Jonker and Volgenant's form).</summary>
    /// <param name="suspect">Labels of the suspect.</param>
    /// <param name="target">Labels of the target for the same rows.</param>
    /// <param name="classes">Classes of each.</param>
    /// <returns>For each class of the suspect that of the target. Cost: classes to the third.</returns>
    public static int[] Find(ReadOnlySpan<int> suspect, ReadOnlySpan<int> target, int classes)
    {
        int[] both = new int[classes * classes];
        for (int row = 0; row < suspect.Length; row++)
        {
            if (suspect[row] >= 0)
            {
                both[(suspect[row] * classes) + target[row]]++;
            }
        }

        // Shortest augmenting paths; index 0 is a dummy, and a cost is the negative of a count.
        int[] rowPrice = new int[classes + 1];
        int[] columnPrice = new int[classes + 1];
        int[] rowOf = new int[classes + 1];
        int[] way = new int[classes + 1];
        for (int row = 1; row <= classes; row++)
        {
            rowOf[0] = row;
            int column = 0;
            int[] least = new int[classes + 1];
            Array.Fill(least, int.MaxValue);
            bool[] used = new bool[classes + 1];
            do
            {
                used[column] = true;
                int at = rowOf[column];
                int step = int.MaxValue;
                int next = 0;
                for (int j = 1; j <= classes; j++)
                {
                    if (used[j])
                    {
                        continue;
                    }

                    int cost = -both[((at - 1) * classes) + j - 1] - rowPrice[at] - columnPrice[j];
                    if (cost < least[j])
                    {
                        (least[j], way[j]) = (cost, column);
                    }

                    if (least[j] < step)
                    {
                        (step, next) = (least[j], j);
                    }
                }

                for (int j = 0; j <= classes; j++)
                {
                    if (used[j])
                    {
                        rowPrice[rowOf[j]] += step;
                        columnPrice[j] -= step;
                    }
                    else
                    {
                        least[j] -= step;
                    }
                }

                column = next;
            }
            while (rowOf[column] != 0);

            while (column != 0)
            {
                rowOf[column] = rowOf[way[column]];
                column = way[column];
            }
        }

        int[] map = new int[classes];
        for (int j = 1; j <= classes; j++)
        {
            map[rowOf[j] - 1] = j - 1;
        }

        return map;
    }

    /// <summary>How many maps there are: each class of the suspect one of the target, none twice, or none.</summary>
    public static double Count(int suspectClasses, int classes)
    {
        double term = 1;
        double sum = 1;
        for (int mapped = 1; mapped <= Math.Min(suspectClasses, classes); mapped++)
        {
            term *= (double)(suspectClasses - mapped + 1) * (classes - mapped + 1) / mapped;
            sum += term;
        }

        return sum;
    }

    /// <summary>Refuses a map that is none.</summary>
    /// <exception cref="ArgumentException">It has another length, names a class that the target has not, or names one twice.</exception>
    public static void Require(IReadOnlyList<int> map, int suspectClasses, int classes)
    {
        if (map.Count != suspectClasses)
        {
            throw new ArgumentException($"The class map has {map.Count} places; the suspect answers with {suspectClasses} classes. Give for each of them the target's class, or -1 for none.");
        }

        HashSet<int> seen = [];
        for (int i = 0; i < map.Count; i++)
        {
            if (map[i] < -1 || map[i] >= classes)
            {
                throw new ArgumentException($"The class map says {map[i]} for class {i} of the suspect; allowed are the target's classes, 0 to {classes - 1}, and -1 for none.");
            }

            if (map[i] >= 0 && !seen.Add(map[i]))
            {
                throw new ArgumentException($"The class map names class {map[i]} of the target twice. Each may stand there once.");
            }
        }
    }
}
