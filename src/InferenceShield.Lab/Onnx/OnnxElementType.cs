namespace InferenceShield.Lab;

#pragma warning disable CA1720 // The names are those of the ONNX specification.

/// <summary>The element types of ONNX tensors, with the numbers of <c>TensorProto.DataType</c>.</summary>
internal enum OnnxElementType
{
    Undefined = 0,
    Float = 1,
    UInt8 = 2,
    Int8 = 3,
    Int32 = 6,
    Int64 = 7,
    String = 8,
    Bool = 9,
    Float16 = 10,
    Double = 11,
    BFloat16 = 16,
}
