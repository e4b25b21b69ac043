using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Tests;

namespace Piraeus.HighAvailability.Rehearsals.Tests;

/// <summary>The core with one of its rules broken.</summary>
/// <param name="Rule">The rule, as a sentence that is no longer true.</param>
/// <param name="Edits">How it is broken, together with those rules that would still keep what it promises.</param>
internal sealed record Mutant(string Rule, params Edit[] Edits)
{
    /// <summary>The core with one line of it changed.</summary>
    public Mutant(string rule, string file, string before, string after)
        : this(rule, new Edit(file, before, after))
    {
    }

    private static readonly CSharpParseOptions Language = new(LanguageVersion.Latest, DocumentationMode.None);

    // What the SDK adds to every project.
    private static readonly string ImplicitUsings = $"""
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
        [assembly: System.Reflection.AssemblyVersion("{typeof(FailoverPolicy).Assembly.GetName().Version}")]
        """;

    // The core as it is. Every mutant shares what it does not change.
    private static readonly Lazy<CSharpCompilation> Core = new(() => CSharpCompilation.Create(
        typeof(FailoverPolicy).Assembly.GetName().Name,
        Directory.GetFiles(Repository.File("src/Core"), "*.cs", SearchOption.AllDirectories).Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), Language, file))
            .Append(CSharpSyntaxTree.ParseText(ImplicitUsings, Language)),
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(file => Path.GetFileName(file).StartsWith("System.", StringComparison.Ordinal) && !Path.GetFileName(file).Contains("CodeAnalysis", StringComparison.Ordinal))
            .Select(file => MetadataReference.CreateFromFile(file)),
        new(OutputKind.DynamicallyLinkedLibrary, warningLevel: 0, concurrentBuild: false)));

    /// <summary>The name of the core's assembly.</summary>
    public static AssemblyName CoreName => typeof(FailoverPolicy).Assembly.GetName();

    /// <summary>Compiles the core with the rule broken.</summary>
    /// <param name="optimized">Whether it is to run fast, or to start fast.</param>
    /// <returns>The assembly.</returns>
    /// <exception cref="InvalidOperationException">The rule is not where it was, or what breaks it is no program.</exception>
    public byte[] Compile(bool optimized)
    {
        using var image = new MemoryStream();
        var options = Core.Value.Options.WithOptimizationLevel(optimized ? OptimizationLevel.Release : OptimizationLevel.Debug);
        var emitted = Edits.Aggregate(Core.Value.WithOptions(options), Apply).Emit(image);
        return emitted.Success
            ? image.ToArray()
            : throw new InvalidOperationException($"{Rule}: {string.Join('\n', emitted.Diagnostics.Where(problem => problem.Severity == DiagnosticSeverity.Error))}");
    }

    private CSharpCompilation Apply(CSharpCompilation core, Edit edit)
    {
        var tree = core.SyntaxTrees.SingleOrDefault(tree => Path.GetFileName(tree.FilePath) == edit.File)
            ?? throw new InvalidOperationException($"{Rule}: the core has no file {edit.File}");
        var text = tree.ToString();
        var times = text.Split(edit.Before).Length - 1;
        return times == 1
            ? core.ReplaceSyntaxTree(tree, CSharpSyntaxTree.ParseText(text.Replace(edit.Before, edit.After, StringComparison.Ordinal), Language, tree.FilePath))
            : throw new InvalidOperationException($"{Rule}: {edit.File} has the line {times} times: {edit.Before}");
    }
}

/// <summary>A change of the core.</summary>
/// <param name="File">The file.</param>
/// <param name="Before">The code as it is; occurs there exactly once.</param>
/// <param name="After">The code as it is to be.</param>
internal sealed record Edit(string File, string Before, string After);
