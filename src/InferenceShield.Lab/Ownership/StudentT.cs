namespace InferenceShield.Lab;

/// <summary>Student's t distribution, by the regularised incomplete beta function (continued fraction by Lentz; Abramowitz and Stegun 26.5.8, 26.7.1).</summary>
internal static class StudentT
{
    /// <summary>The share above a value.</summary>
    /// <param name="t">Any number.</param>
    /// <param name="freedom">Degrees of freedom, at least 1.</param>
    public static double UpperTail(double t, int freedom)
    {
        double half = 0.5 * IncompleteBeta(freedom / 2.0, 0.5, freedom / (freedom + (t * t)));
        return t > 0 ? half : 1 - half;
    }

    /// <summary>The value that a share lies below, by bisection.</summary>
    /// <param name="share">.5 to 1.</param>
    /// <param name="freedom">Degrees of freedom, at least 1.</param>
    public static double Quantile(double share, int freedom)
    {
        double low = 0;
        double high = 1e6;
        for (int i = 0; i < 200 && low < high; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = UpperTail(middle, freedom) > 1 - share ? (middle, high) : (low, middle);
        }

        return low;
    }

    private static double IncompleteBeta(double a, double b, double x)
    {
        if (x is <= 0 or >= 1)
        {
            return x <= 0 ? 0 : 1;
        }

        if (x > (a + 1) / (a + b + 2))
        {
            return 1 - IncompleteBeta(b, a, 1 - x);
        }

        double front = Math.Exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + (a * Math.Log(x)) + (b * Math.Log(1 - x))) / a;
        double c = 1;
        double d = 1 / NotZero(1 - ((a + b) * x / (a + 1)));
        double fraction = d;
        for (int m = 1; m < 500; m++)
        {
            double even = m * (b - m) * x / ((a + (2 * m) - 1) * (a + (2 * m)));
            d = 1 / NotZero(1 + (even * d));
            c = NotZero(1 + (even / c));
            fraction *= d * c;
            double odd = -(a + m) * (a + b + m) * x / ((a + (2 * m)) * (a + (2 * m) + 1));
            d = 1 / NotZero(1 + (odd * d));
            c = NotZero(1 + (odd / c));
            double step = d * c;
            fraction *= step;
            if (Math.Abs(step - 1) < 1e-15)
            {
                break;
            }
        }

        return front * fraction;
    }

    private static double NotZero(double value) => Math.Abs(value) < 1e-300 ? 1e-300 : value;

    /// <summary>Of arguments from .5 on, by Stirling's series after moving up.</summary>
    private static double LogGamma(double x)
    {
        double shift = 0;
        for (; x < 15; x++)
        {
            shift -= Math.Log(x);
        }

        double inverse = 1 / (x * x);
        return shift + ((x - 0.5) * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI)) + ((1 / 12.0 - (inverse * (1 / 360.0 - (inverse * (1 / 1260.0 - (inverse / 1680)))))) / x);
    }
}
