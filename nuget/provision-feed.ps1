# What ProvisionFeed.targets calls on Windows. Asks whether this machine's package sources have what the repository needs.
# If they do (the usual case), it sets the stamp and nothing is built. If not, it hands over to provision-feed.sh in the
# bash that comes with Git for Windows, so that pins and recipe exist once.
#
# NOT RUN: this file was written without a Windows machine or a PowerShell to try it on. It keeps to what Windows
# PowerShell 5.1 has. provision-feed.sh has been run on Linux only.

$ErrorActionPreference = 'Stop'
$gpu = $args -contains '--gpu'
$recipe = Join-Path $PSScriptRoot 'provision-feed.sh'
$feed = Join-Path $PSScriptRoot 'feed'
$root = Split-Path $PSScriptRoot

function Fail([string] $what, [string] $todo) {
    [Console]::Error.WriteLine("FEED001: $what $todo")
    exit 1
}

# The pins are at the top of provision-feed.sh.
function Pin([string] $name) {
    $match = [regex]::Match([IO.File]::ReadAllText($recipe), "(?m)^$name=(\S+)")
    if (-not $match.Success) { Fail "nuget/provision-feed.sh has no line '$name=...'." 'Restore the file and build again.' }
    $match.Groups[1].Value
}

# Ids this machine's own sources lack; empty if none. The answer of a restore is the only one that counts. It uses its
# own package folder, NuGet.config files above the repository, and not the repository's own.
function Get-Missing($packages) {
    $work = Join-Path ([IO.Path]::GetTempPath()) ('provision-feed.' + [guid]::NewGuid().ToString('N'))
    New-Item -ItemType Directory $work | Out-Null
    try {
        foreach ($name in 'Directory.Build.props', 'Directory.Build.targets', 'Directory.Packages.props') {
            [IO.File]::WriteAllText((Join-Path $work $name), '<Project />')
        }
        $globalJson = Join-Path $root 'global.json'
        if (Test-Path $globalJson) { Copy-Item $globalJson $work }
        $references = ($packages.Keys | ForEach-Object { "<PackageReference Include=`"$_`" Version=`"[$($packages[$_])]`" />" }) -join ''
        [IO.File]::WriteAllText((Join-Path $work 'probe.csproj'), @"
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <RestorePackagesPath>`$(MSBuildProjectDirectory)/packages</RestorePackagesPath>
    <NuGetAudit>false</NuGetAudit>
  </PropertyGroup>
  <ItemGroup>$references</ItemGroup>
</Project>
"@)
        # The calling MSBuild describes itself in these; a child dotnet must find its own.
        foreach ($name in 'MSBuildSDKsPath', 'MSBuildExtensionsPath', 'MSBUILD_EXE_PATH', 'MSBuildLoadMicrosoftTargetsReadOnly', 'OnnxRuntimeFlavor') {
            [Environment]::SetEnvironmentVariable($name, $null)
        }
        $env:MSBUILDDISABLENODEREUSE = '1'
        $env:MSBUILDTERMINALLOGGER = 'off'
        $env:DOTNET_CLI_UI_LANGUAGE = 'en'
        $env:RestoreRootConfigDirectory = Split-Path $root

        $dotnet = 'dotnet'
        if ($env:DOTNET_HOST_PATH) { $dotnet = $env:DOTNET_HOST_PATH }
        Push-Location $work
        try { $output = & $dotnet restore probe.csproj } finally { Pop-Location }
        if ($LASTEXITCODE -eq 0) { return @() }

        # NU1101 no such id, NU1102/NU1103 no such version; anything else is a source that did not answer.
        $errors = @($output | Where-Object { $_ -match 'error NU\d+' })
        $others = @($output | Where-Object { $_ -match 'error ' -and $_ -notmatch 'error NU110[123]' })
        $missing = @($packages.Keys | Where-Object { $id = [regex]::Escape($_); $errors -match "package $id[ .]( |No|with)" })
        if ($others.Count -gt 0 -or $missing.Count -eq 0) {
            $first = (@($others + $errors + $output) | Select-Object -First 1)
            Fail "could not ask this machine's package sources for $($packages.Keys -join ', '): $first" "Correct the source or the connection ('dotnet nuget list source') and build again."
        }
        return $missing
    }
    finally { Remove-Item -Recurse -Force $work -ErrorAction SilentlyContinue }
}

$ort = Pin 'ort_version'
$packages = [ordered]@{ 'Microsoft.ML.OnnxRuntime.Managed' = $ort; 'Microsoft.ML.OnnxRuntime' = $ort; 'System.IO.Hashing' = (Pin 'hashing_version') }
if ($gpu) { $packages['Microsoft.ML.OnnxRuntime.Gpu'] = $ort }
$missing = @(Get-Missing $packages)

if ($missing.Count -eq 0) {
    New-Item -ItemType Directory -Force $feed | Out-Null
    Copy-Item $recipe (Join-Path $feed '.provisioned')
    if ($gpu) { Copy-Item $recipe (Join-Path $feed '.provisioned-gpu') }
    exit 0
}

$lacking = "this machine's package sources lack $($missing -join ', ')"
if ($missing -contains 'Microsoft.ML.OnnxRuntime.Gpu') {
    Fail "$lacking, and a stand-in for the GPU package can be built for linux-x64 only." 'Build without OnnxRuntimeFlavor=Gpu, or add a package source that has it.'
}

$git = Get-Command git.exe -ErrorAction SilentlyContinue | Select-Object -First 1
$bash = $null
if ($git) { $bash = Join-Path (Split-Path (Split-Path $git.Source)) 'bin\bash.exe' }     # ...\Git\cmd\git.exe -> ...\Git\bin
if (-not $bash -or -not (Test-Path $bash)) {
    Fail "$lacking, and the bash of Git for Windows, which would build stand-ins, was not found." 'Install Git for Windows and Node.js with npm, or add a package source that has them, and build again.'
}
$arguments = @($recipe.Replace('\', '/'))
if ($gpu) { $arguments += '--gpu' }
& $bash $arguments
exit $LASTEXITCODE
