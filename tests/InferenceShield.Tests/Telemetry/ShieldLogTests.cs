using System.Reflection;
using Microsoft.Extensions.Logging;

namespace InferenceShield.Tests;

public sealed class ShieldLogTests
{
    [Fact]
    public void Each_message_has_an_id_of_its_own()
    {
        int[] ids = [.. typeof(ShieldLog).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>().Select(message => message.EventId)];
        Assert.NotEmpty(ids);
        Assert.Equal(ids.Distinct(), ids);
    }
}
