using InferenceShield;
using InferenceShield.OnnxRuntime;
using InferenceShield.Samples;
using InferenceShield.Samples.Quickstart;
using Microsoft.ML.OnnxRuntime;

// A real classifier and 2,000 real test images, both in the repository.
string modelPath = SampleFiles.GetModel("fashion.onnx");
FashionDataset images = FashionDataset.LoadSubset();
using SessionOptions oneThread = new() { IntraOpNumThreads = 1 };

// The shield: every caller may ask 2,000 images at once and 1,000 more an hour; answers have two decimals.
using Shield shield = new ShieldBuilder("fashion")
    .UseSecret(ShieldSecrets.Ephemeral()) // in production: ShieldSecrets.FromEnvironment("INFERENCE_SHIELD_SECRET")
    .AddOutput("probabilities", OutputKind.Probabilities)
    .Configure(options => options.Admission.PerCaller.Burst = 2000)
    .Build();
using ShieldedSession session = new(shield, modelPath, sessionOptions: oneThread);

// The same model without a shield, to compare with.
using CleanModel clean = new(modelPath, oneThread);

Console.WriteLine($"Model  {session.Inputs[0]} -> {session.Outputs[0]}, on {session.Device}");
Console.WriteLine($"Data   {images.Count:N0} Fashion-MNIST test images");
Console.WriteLine();

CallerReport honest = Callers.AskAll(session, clean, images, "honest", images.Count);
CallerReport greedy = Callers.AskAll(session, clean, images, "over quota", images.Count + 500);
RepeatReport hungry = Callers.Repeat(session, clean, images, "score-hungry", repeats: 64);

Table callers = new("caller", "asked", "answered", "refused", "Retry-After", "accuracy clean", "accuracy released", "top-1 differs");
foreach (CallerReport report in new[] { honest, greedy })
{
    callers.Add(
        report.Name,
        $"{report.Asked:N0}",
        $"{report.Answered:N0}",
        $"{report.Asked - report.Answered:N0}",
        report.RetryAfterSeconds > 0 ? $"{report.RetryAfterSeconds} s" : "-",
        $"{100.0 * report.CleanCorrect / report.Answered:F2} %",
        $"{100.0 * report.ReleasedCorrect / report.Answered:F2} %",
        $"{report.TopDiffers}");
}

callers.Print("What each caller got");

Table scores = new("class", "clean score", "released score");
for (int i = 0; i < FashionDataset.ClassCount; i++)
{
    scores.Add(FashionDataset.ClassNames[i], $"{hungry.Clean[i]:G9}", $"{hungry.Released[i]:0.##}");
}

scores.Print($"What the score-hungry caller saw of one image, asked {hungry.Asked} times");
Console.WriteLine($"Different answers to {hungry.Asked} repeats: {hungry.DistinctAnswers}. Averaging them gains nothing.");
Console.WriteLine($"Repeats the shield counted: {hungry.Repeated}.");
Console.WriteLine($"Clean score vectors released to anybody: {honest.CleanVectors + greedy.CleanVectors + hungry.CleanVectors}.");
Console.WriteLine();

(await Theft.RunAsync(modelPath, images, oneThread)).Print("What a thief gets who has 1,500 images of his own: agreement of his copy with the model");
Console.WriteLine("A copy can be made of answers, and of labels alone: what the shield takes is time, precision and secrecy.");
Console.WriteLine("What each policy costs a thief: docs/efficacy.md, or `inference-shield audit` on your own model.");
Console.WriteLine();

(Table noticed, bool noticesThieves) = Noticing.Run(modelPath, images, oneThread);
noticed.Print("Who is noticed, calibrated to 300 simulated honest callers");
Console.WriteLine("A thief who asks what honest callers ask is not noticed: what he can be held to is a budget.");
Console.WriteLine();

(Table proved, bool provesTheCopy) = await Proving.RunAsync(modelPath, images, oneThread);
proved.Print("What the owner can prove: labels were marked where two nearly tie, and 6,000 of them stolen");
Console.WriteLine("Which thieves get rid of the mark, and at what price: docs/ownership.md.");
Console.WriteLine();

Overhead.Measure(modelPath, images).Print("What the shield costs: one image a call, one thread, alternating in this run");

bool sound = noticesThieves && provesTheCopy && honest.TopDiffers + greedy.TopDiffers == 0 && honest.Answered == images.Count
    && greedy.Answered < greedy.Asked && hungry.DistinctAnswers == 1
    && honest.CleanVectors + greedy.CleanVectors + hungry.CleanVectors == 0;
Console.WriteLine(sound ? "All as promised." : "NOT as promised: see the tables.");
return sound ? 0 : 1;
