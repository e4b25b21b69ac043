using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Tests;

namespace Piraeus.HighAvailability.Rehearsals.Tests;

/// <summary>The core with one of its rules broken.</summary>
/// <param name="Rule">The rule, as a sentence that is no longer true.</param>
/// <param name="File">The file of the core that has it.</param>
/// <param name="Before">The code that keeps it; occurs there exactly once.</param>
/// <param name="After">The code that breaks it.</param>
internal sealed record Mutant(string Rule, string File, string Before, string After)
{
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
        var trees = Directory.GetFiles(folder, "*.cs").Select(file => CSharpSyntaxTree.ParseText(Source(file), Language))
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
        var text = System.IO.File.ReadAllText(file);
        if (Path.GetFileName(file) != File)
        {
            return text;
        }

        return text.Split(Before).Length == 2
            ? text.Replace(Before, After, StringComparison.Ordinal)
            : throw new InvalidOperationException($"{Rule}: {File} has the line {text.Split(Before).Length - 1} times: {Before}");
    }
}
