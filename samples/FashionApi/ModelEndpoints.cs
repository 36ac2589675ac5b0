using System.Buffers;
using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace InferenceShield.Samples.FashionApi;

/// <summary><c>/v1/models</c>.</summary>
internal static class ModelEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder models = routes.MapGroup("/v1/models").RequireAuthorization();
        models.MapGet("/{name}", Describe);
        models.MapPost("/{name}:predict", Predict);
    }

    private static IResult Describe(string name, ModelCatalog catalog) =>
        catalog.Find(name) is { } model ? TypedResults.Ok(ModelDescription.Of(model)) : UnknownModel();

    // Not asynchronous: the model takes microseconds, less than a change of threads.
    private static IResult Predict(string name, PredictRequest request, ModelCatalog catalog, HttpContext context)
    {
        if (catalog.Find(name) is not { } model)
        {
            return UnknownModel();
        }

        if (request.FindFault(model.InputWidth) is { } fault)
        {
            return TypedResults.Problem(fault, statusCode: StatusCodes.Status400BadRequest);
        }

        int rows = request.Instances!.Length;
        float[] input = ArrayPool<float>.Shared.Rent(rows * model.InputWidth);
        float[] released = ArrayPool<float>.Shared.Rent(rows * model.Labels.Length);
        try
        {
            request.CopyTo(input);
            Admission admission = model.Session.Run(
                context.Features.GetRequiredFeature<ApiCaller>().Key,
                input.AsSpan(0, rows * model.InputWidth),
                released.AsSpan(0, rows * model.Labels.Length),
                context.RequestAborted);
            return admission.IsAdmitted
                ? new PaddedAnswer(ToResponse(released, rows, model.Labels), PaddedAnswer.LengthOf(rows, model.Labels))
                : Refused(context, in admission);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(input);
            ArrayPool<float>.Shared.Return(released);
        }
    }

    private static PredictResponse ToResponse(ReadOnlySpan<float> released, int rows, string[] labels)
    {
        Prediction[] predictions = new Prediction[rows];
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> probabilities = released.Slice(row * labels.Length, labels.Length);
            int top = TensorPrimitives.IndexOfMax(probabilities);
            predictions[row] = new Prediction(labels[top], top, probabilities.ToArray());
        }

        return new PredictResponse(predictions);
    }

    private static ProblemHttpResult Refused(HttpContext context, in Admission admission)
    {
        if (!admission.WaitingHelps)
        {
            return admission.Reason == AdmissionReason.Blocked
                ? TypedResults.Problem("This API key may not ask.", statusCode: StatusCodes.Status403Forbidden)
                : TypedResults.Problem("The batch is larger than this API key may send at once. Split it.", statusCode: StatusCodes.Status413PayloadTooLarge);
        }

        context.Response.Headers.RetryAfter = admission.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        return TypedResults.Problem(
            $"The limit of this API key is reached. Try again in {admission.RetryAfterSeconds} s.", statusCode: StatusCodes.Status429TooManyRequests);
    }

    private static ProblemHttpResult UnknownModel() =>
        TypedResults.Problem("There is no model of this name. To ask a model: POST /v1/models/{name}:predict", statusCode: StatusCodes.Status404NotFound);
}
