namespace InferenceShield.Docs.Tests.Readme;

/// <summary>The README's example for any engine, as it stands there.</summary>
internal static class SpansSnippet
{
    public static Admission Run(Shield shield, CallerKey caller, ReadOnlySpan<byte> inputBytes, float[] input, float[] scores, IEngine model)
    {
        // begin: spans
        Admission admission = shield.Admit(caller, inputBytes, rows: 1);
        if (admission.IsAdmitted)
        {
            model.Run(input, scores);                              // any engine
            shield.Harden(in admission, scores, classes: 10);      // clean scores in, released answer out, in place
        }
        // end

        return admission;
    }

    internal interface IEngine
    {
        void Run(float[] input, float[] scores);
    }
}
