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

    private static readonly CSharpParseOptions Language = new(LanguageVersion.Latest);

    // What the SDK adds to every project.
    private static readonly string ImplicitUsings = $"""
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
        [assembly: System.Reflection.AssemblyVersion("{typeof(FailoverPolicy).Assembly.GetName().Version}")]
        """;

    /// <summary>Compiles the core with the rule broken.</summary>
    /// <exception cref="InvalidOperationException">The rule is not where it was, or what breaks it is no program.</exception>
    public void Emit(string path)
    {
        var folder = Repository.File("src/Core");
        var trees = Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories).Select(file => CSharpSyntaxTree.ParseText(Source(file), Language))
            .Append(CSharpSyntaxTree.ParseText(ImplicitUsings, Language));
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(file => Path.GetFileName(file).StartsWith("System.", StringComparison.Ordinal) && !Path.GetFileName(file).Contains("CodeAnalysis", StringComparison.Ordinal))
            .Select(file => MetadataReference.CreateFromFile(file));
        var options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, nullableContextOptions: NullableContextOptions.Enable);
        var emitted = CSharpCompilation.Create("Piraeus.HighAvailability.Core", trees, references, options).Emit(path);
        if (!emitted.Success)
        {
            throw new InvalidOperationException($"{Rule}: {string.Join('\n', emitted.Diagnostics.Where(problem => problem.Severity == DiagnosticSeverity.Error))}");
        }
    }

    private string Source(string file)
    {
        var text = File.ReadAllText(file);
        foreach (var edit in Edits.Where(edit => edit.File == Path.GetFileName(file)))
        {
            text = text.Split(edit.Before).Length == 2
                ? text.Replace(edit.Before, edit.After, StringComparison.Ordinal)
                : throw new InvalidOperationException($"{Rule}: {edit.File} has the line {text.Split(edit.Before).Length - 1} times: {edit.Before}");
        }

        return text;
    }
}

/// <summary>A change of the core.</summary>
/// <param name="File">The file.</param>
/// <param name="Before">The code as it is; occurs there exactly once.</param>
/// <param name="After">The code as it is to be.</param>
internal sealed record Edit(string File, string Before, string After);
