using InferenceShield.OnnxRuntime;

namespace InferenceShield.Docs.Tests.Readme;

/// <summary>The README's example of handles, overrides and reports, as it stands there.</summary>
internal static class CallersSnippet
{
    public static CallerDossier? Run(Shield shield, ShieldedSession session, float[] image, float[] answer)
    {
        // begin: callers
        // Once per connection or principal; limits of tenant and network apply too.
        CallerHandle caller = shield.GetHandle(
            shield.IdentifyCaller("customer-17"),
            tenant: shield.IdentifyCaller("acme"),
            network: shield.IdentifyCaller("203.0.113.0/24"));
        Admission admission = session.Run(caller, image, answer);
        // Refused: admission.Level says whose limit, admission.Reason which, admission.RetryAfter exactly how long.

        // Operators; in force with the caller's next query.
        shield.Overrides.Allow(shield.IdentifyCaller("nightly-batch"));
        shield.Overrides.Revoke(shield.IdentifyCaller("customer-99"));
        shield.Overrides.Set(caller.Caller, new CallerOverride
        {
            Limit = new LimitOptions { Queries = 50, Period = TimeSpan.FromHours(1), Burst = 10, MonthlyQueries = 20_000 },
            Watched = true,
        });

        // What is known, for operators: counts of everybody, dossiers of those who were answered most.
        ShieldStatistics fleet = shield.GetStatistics();
        CallerDossier? dossier = shield.TryGetDossier(caller.Caller);
        double entropy = dossier?.GetAnswers(HistoryWindow.Month).Labels.EntropyBits ?? 0;
        // end

        return fleet.Calls > 0 && entropy >= 0 && admission.IsAdmitted ? dossier : null;
    }
}
