namespace InferenceShield;

/// <summary>When a campaign's callers ask, against all callers. For dashboards: never an alarm.</summary>
/// <param name="Id">The campaign's.</param>
/// <param name="Callers">Those of its callers whose activity is known.</param>
/// <param name="Synchrony">Busy minutes that two of its callers share, over those that either has, on average of all pairs: 0 to 1.</param>
/// <param name="HourDistance">Total variation distance of the hours of day at which it asks from those of all callers: 0 the same, 1 none in
/// common.</param>
public readonly record struct CampaignActivity(long Id, int Callers, double Synchrony, double HourDistance);
