using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceShield.Tests;

public sealed class ContainmentRunnerTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_hook_that_throws_or_hangs_is_tried_once_more_and_counted_and_the_next_one_is_called()
    {
        Host host = new();
        using ContainmentRunner runner = new(host, "model", NullLogger.Instance, TimeSpan.FromMilliseconds(500));
        runner.Revoke(Transition("throws"));
        runner.Rotate(Transition("hangs"));
        runner.Revoke(Transition("blocks"));
        runner.Rotate(Transition("throws once"));
        runner.Revoke(Transition("works"));
        await host.Done.Task.WaitAsync(s_long);
        while (runner.Called < 2)
        {
            await Task.Delay(1);
        }

        Assert.Equal((2L, 3L, 0L), (runner.Called, runner.Failures, runner.Dropped));
        Assert.Equal(["revoke throws", "revoke throws", "rotate hangs", "rotate hangs", "revoke blocks", "revoke blocks", "rotate throws once", "rotate throws once", "revoke works"], host.Calls);
        host.Release.Set();
    }

    [Fact]
    public void What_finds_no_room_is_dropped_and_counted()
    {
        Host host = new();
        using ContainmentRunner runner = new(host, "model", NullLogger.Instance, s_long);
        for (int i = 0; i < ContainmentRunner.Capacity + 10; i++)
        {
            runner.Revoke(Transition("hangs"));
        }

        Assert.InRange(runner.Dropped, 9, 10); // one may be under way
    }

    [Theory]
    [InlineData(null, null, "")]
    [InlineData(Posture.Restricted, null, "revoke")]
    [InlineData(null, Posture.Guarded, "rotate")]
    [InlineData(Posture.Blocked, Posture.Blocked, "")]
    public async Task Hooks_are_called_only_if_a_rule_says_so_and_once(Posture? revokeFrom, Posture? rotateFrom, string expected)
    {
        Host host = new();
        using ContainmentRunner runner = new(host, "model", NullLogger.Instance, s_long);
        PostureOptions options = PostureBench.Swift();
        (options.RevokeFrom, options.RotateFrom) = (revokeFrom, rotateFrom);
        using PostureBench bench = new(options, containment: runner);
        bench.Take(1, 20, 0, PostureBench.Alarm(DetectionFamily.Full));
        bench.Tick(TimeSpan.FromSeconds(1));
        bench.Take(1, 30, 0, PostureBench.Alarm(DetectionFamily.Full), PostureBench.Alarm(DetectionFamily.Output));
        bench.Tick(TimeSpan.FromSeconds(1));
        runner.Revoke(Transition("works"));
        await host.Done.Task.WaitAsync(s_long);
        Assert.Equal(expected, string.Join(",", host.Calls.SkipLast(1).Select(call => call.Split(' ')[0])));
    }

    private static ShieldEvent Transition(string reason) => new() { Kind = ShieldEventKind.PostureChanged, Model = "model", At = default, Reason = reason };

    private sealed class Host : IShieldContainment
    {
        private int _thrown;

        public List<string> Calls { get; } = [];

        public ManualResetEventSlim Release { get; } = new();

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask RevokeAsync(ShieldEvent transition, CancellationToken cancellationToken) => await DoAsync("revoke", transition.Reason);

        public async ValueTask RotateAsync(ShieldEvent transition, CancellationToken cancellationToken) => await DoAsync("rotate", transition.Reason);

        private async Task DoAsync(string action, string reason)
        {
            Calls.Add($"{action} {reason}");
            switch (reason)
            {
                case "throws":
                    throw new InvalidOperationException("No.");
                case "throws once" when _thrown++ == 0:
                    throw new InvalidOperationException("Not yet.");
                case "hangs":
                    await Task.Delay(Timeout.Infinite, CancellationToken.None); // ignores the token
                    break;
                case "blocks":
                    Release.Wait(s_long);
                    break;
                case "works":
                    Done.SetResult();
                    break;
            }
        }
    }
}
