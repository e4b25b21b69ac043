using System.Reflection;
using System.Runtime.Loader;
using Piraeus.HighAvailability.Core.Tests;
using Xunit.Sdk;
using Xunit.v3;

namespace Piraeus.HighAvailability.Rehearsals.Tests;

/// <summary>The tests of <c>tests/Core.Tests</c>, as they were compiled, on another core.</summary>
internal sealed class CoreTestRun : IDisposable
{
    private readonly Context _context;
    private readonly Assembly _tests;

    public CoreTestRun(Mutant mutant)
    {
        _context = new(mutant.Compile(optimized: false));
        _tests = _context.LoadFromAssemblyPath(typeof(LossTests).Assembly.Location);
    }

    /// <summary>Runs a test with each row of its data.</summary>
    /// <param name="name">The method's name.</param>
    /// <returns>Why it fails first; null if it passes.</returns>
    public async Task<Exception?> RunAsync(string name)
    {
        var method = Assert.Single(_tests.GetExportedTypes().SelectMany(type => type.GetMethods()), method => method.Name == name && method.GetCustomAttribute<FactAttribute>() is not null);
        Assert.Equal(typeof(void), method.ReturnType);
        await using var tracker = new DisposalTracker();
        var rows = new List<object?[]>();
        foreach (var data in method.GetCustomAttributes<DataAttribute>())
        {
            rows.AddRange((await data.GetData(method, tracker)).Select(row => row.GetData()));
        }

        foreach (var row in rows is [] ? [[]] : rows)
        {
            try
            {
                method.Invoke(Activator.CreateInstance(method.DeclaringType!), row);
            }
            catch (TargetInvocationException failed) when (failed.InnerException is not (TypeLoadException or MissingMemberException or IOException or BadImageFormatException))
            {
                return failed.InnerException;
            }
        }

        return null;
    }

    public void Dispose() => _context.Unload();

    // Everything but the core and its tests is shared, so that an assertion is the same thing on both sides.
    private sealed class Context : AssemblyLoadContext
    {
        private readonly Assembly _core;

        public Context(byte[] core)
            : base(isCollectible: true)
        {
            using var image = new MemoryStream(core);
            _core = LoadFromStream(image);
        }

        protected override Assembly? Load(AssemblyName assemblyName) => assemblyName.Name == Mutant.CoreName.Name ? _core : null;
    }
}
