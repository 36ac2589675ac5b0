using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace InferenceShield.Tests;

/// <summary>An assembly's public surface as text, one member a line, and its comparison with the committed baseline
/// <c>eng/api-baseline/{assembly}.txt</c>.</summary>
/// <remarks>What a user's code can see: public types, their public and protected members, constants and enum values,
/// default arguments, nullability. Not: attributes, and members the compiler or object gives to every type.</remarks>
public static class PublicApiText
{
    /// <summary>Set to 1, it makes <see cref="FindDrift"/> write the baseline instead of comparing.</summary>
    public const string AcceptVariable = "INFERENCESHIELD_ACCEPT_API";

    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> s_keywords = new()
    {
        [typeof(void)] = "void", [typeof(bool)] = "bool", [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte",
        [typeof(char)] = "char", [typeof(short)] = "short", [typeof(ushort)] = "ushort", [typeof(int)] = "int",
        [typeof(uint)] = "uint", [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(float)] = "float",
        [typeof(double)] = "double", [typeof(decimal)] = "decimal", [typeof(string)] = "string", [typeof(object)] = "object",
    };

    /// <summary>Null if the assembly is as its baseline says; else what differs and how to accept it.</summary>
    public static string? FindDrift(Assembly assembly)
    {
        string name = assembly.GetName().Name!;
        string file = Path.Combine(FindRepository(), "eng", "api-baseline", name + ".txt");
        string now = Render(assembly);
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, now);
            return null;
        }

        return Compare(File.Exists(file) ? File.ReadAllText(file) : "", now) is { } difference
            ? $"""
               The public API of {name} is not what {Path.GetRelativePath(FindRepository(), file)} says ('-' was there, '+' is new):
               {difference}
               If that is meant: run this test once with {AcceptVariable}=1, then commit the file and a line in CHANGELOG.md.
               """
            : null;
    }

    /// <summary>The lines that only one of two texts has, in order; null if there are none.</summary>
    public static string? Compare(string before, string after)
    {
        string[] old = Lines(before);
        string[] now = Lines(after);
        string[] difference =
        [
            .. old.Except(now, StringComparer.Ordinal).Select(line => (line, mark: "- "))
                .Concat(now.Except(old, StringComparer.Ordinal).Select(line => (line, mark: "+ ")))
                .OrderBy(entry => entry.line, StringComparer.Ordinal)
                .Select(entry => entry.mark + entry.line),
        ];
        return difference.Length == 0 ? null : string.Join('\n', difference);
    }

    /// <summary>The public surface: a line for each type and member, sorted, so that every line says where it belongs.</summary>
    public static string Render(Assembly assembly) => Render(assembly.GetExportedTypes());

    /// <summary>The public surface of some types.</summary>
    public static string Render(IEnumerable<Type> types) => string.Concat(
        types.SelectMany(type => RenderMembers(type).Prepend(RenderType(type)))
            .Order(StringComparer.Ordinal)
            .Select(line => line + "\n"));

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string RenderType(Type type)
    {
        StringBuilder line = new(FullName(type));
        line.Append(" : ");
        if (type.IsEnum)
        {
            return line.Append("enum of ").Append(Name(Enum.GetUnderlyingType(type))).ToString();
        }

        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return line.Append("delegate").ToString();
        }

        line.Append(
            type.IsInterface ? "interface"
            : type.IsValueType ? (type.IsDefined(typeof(IsReadOnlyAttribute), false) ? "readonly struct" : "struct")
            : type is { IsAbstract: true, IsSealed: true } ? "static class"
            : type.IsSealed ? "sealed class"
            : type.IsAbstract ? "abstract class"
            : "class");
        IEnumerable<string> bases = type.GetInterfaces().Where(face => face.IsPublic).Select(Name).Order(StringComparer.Ordinal);
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
        {
            bases = bases.Prepend(Name(parent));
        }

        string list = string.Join(", ", bases);
        return list.Length == 0 ? line.ToString() : line.Append(" of ").Append(list).ToString();
    }

    private static IEnumerable<string> RenderMembers(Type type)
    {
        string owner = FullName(type) + ".";
        if (type.IsEnum)
        {
            foreach (FieldInfo field in type.GetFields(BindingFlags.Public | BindingFlags.Static))
            {
                yield return $"{owner}{field.Name} = {Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture)}";
            }

            yield break;
        }

        NullabilityInfoContext nullability = new();
        foreach (MemberInfo member in type.GetMembers(Declared))
        {
            string? line = member switch
            {
                FieldInfo field when IsVisible(field.IsPublic, field.IsFamily, field.IsFamilyOrAssembly) => Field(field),
                PropertyInfo property when property.GetAccessors(nonPublic: true).Any(IsVisible) => Property(property),
                EventInfo @event when @event.AddMethod is { } add && IsVisible(add) => $"event {Name(@event.EventHandlerType!)} {@event.Name}",
                ConstructorInfo constructor when IsVisible(constructor) && !constructor.IsStatic => $"new({Parameters(constructor)})",
                MethodInfo method when IsVisible(method) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) => Method(method),
                _ => null,
            };
            if (line is not null)
            {
                yield return owner + line;
            }
        }

        string Field(FieldInfo field)
        {
            string kind = field.IsLiteral ? "const " : field.IsStatic ? "static " : "";
            string value = field.IsLiteral ? " = " + Literal(field.GetRawConstantValue()) : "";
            return $"{field.Name} : {kind}{(field.IsInitOnly ? "readonly " : "")}{Name(field.FieldType, nullability.Create(field))}{value}";
        }

        string Property(PropertyInfo property)
        {
            MethodInfo any = property.GetAccessors(nonPublic: true).First(IsVisible);
            string accessors = property.GetMethod is { } get && IsVisible(get) ? "get; " : "";
            if (property.SetMethod is { } set && IsVisible(set))
            {
                accessors += set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init; " : "set; ";
            }

            string index = string.Join(", ", property.GetIndexParameters().Select(Parameter));
            return $"{property.Name}{(index.Length == 0 ? "" : $"[{index}]")} : {Modifiers(any)}{Name(property.PropertyType, nullability.Create(property))} {{ {accessors}}}";
        }

        string Method(MethodInfo method)
        {
            string generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";
            return $"{method.Name}{generic}({Parameters(method)}) : {Modifiers(method)}{Name(method.ReturnType, nullability.Create(method.ReturnParameter))}";
        }

        string Parameters(MethodBase method) =>
            (method.IsDefined(typeof(ExtensionAttribute), false) ? "this " : "") + string.Join(", ", method.GetParameters().Select(Parameter));

        string Parameter(ParameterInfo parameter)
        {
            string kind = parameter.IsOut ? "out "
                : parameter.IsDefined(typeof(ParamArrayAttribute), false) || parameter.IsDefined(typeof(ParamCollectionAttribute), false) ? "params "
                : !parameter.ParameterType.IsByRef ? ""
                : parameter.IsIn ? "in " : "ref ";
            Type bare = parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;
            string value = parameter.HasDefaultValue ? " = " + Literal(parameter.RawDefaultValue) : "";
            return $"{kind}{Name(bare, nullability.Create(parameter))} {parameter.Name}{value}";
        }
    }

    private static bool IsVisible(MethodBase method) => IsVisible(method.IsPublic, method.IsFamily, method.IsFamilyOrAssembly);

    // Protected members of a sealed type are nobody's; the compiler forbids them but for overrides.
    private static bool IsVisible(bool isPublic, bool isFamily, bool isFamilyOrAssembly) => isPublic || isFamily || isFamilyOrAssembly;

    private static string Modifiers(MethodInfo method) =>
        (method.IsFamily || method.IsFamilyOrAssembly ? "protected " : "")
        + (method.IsStatic ? "static " : "")
        + (method.IsAbstract && !method.DeclaringType!.IsInterface ? "abstract "
            : method.IsVirtual && method.GetBaseDefinition() != method ? "override "
            : method is { IsVirtual: true, IsFinal: false } && !method.DeclaringType!.IsInterface ? "virtual " : "");

    private static string Literal(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        bool truth => truth ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string FullName(Type type) => (type.DeclaringType is { } outer ? FullName(outer) : type.Namespace) + "." + Name(type);

    private static string Name(Type type) => Name(type, null);

    private static string Name(Type type, NullabilityInfo? nullability)
    {
        if (type.IsByRef)
        {
            return "ref " + Name(type.GetElementType()!, nullability);
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Name(underlying) + "?";
        }

        string mark = nullability is not null && !type.IsValueType && !type.IsGenericParameter
            && (nullability.ReadState == NullabilityState.Nullable || nullability.WriteState == NullabilityState.Nullable) ? "?" : "";
        if (type.IsArray)
        {
            return Name(type.GetElementType()!, nullability?.ElementType) + "[]" + mark;
        }

        string name = s_keywords.GetValueOrDefault(type, type.Name.Split('`')[0]);
        if (!type.IsGenericType)
        {
            return name + mark;
        }

        Type[] arguments = type.GetGenericArguments();
        return $"{name}<{string.Join(", ", arguments.Select((argument, i) =>
            Name(argument, nullability?.GenericTypeArguments.Length == arguments.Length ? nullability.GenericTypeArguments[i] : null)))}>{mark}";
    }

    private static string FindRepository()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Directory.Packages.props")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} has a Directory.Packages.props.");
    }
}
