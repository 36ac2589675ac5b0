namespace InferenceShield.OnnxRuntime;

/// <summary>What happens to a query whose input holds NaN or infinity.</summary>
public enum NonFiniteInputs
{
    /// <summary>It is an error; nothing is charged and the model does not run. The default.</summary>
    Reject = 0,

    /// <summary>It is passed to the model. For models that take NaN for "missing".</summary>
    Allow,
}
