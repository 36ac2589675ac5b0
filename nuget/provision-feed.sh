#!/usr/bin/env bash
#
# Fills nuget/feed with the packages this repository needs and the machine's own package sources do not have.
# Where those sources have them all, it builds nothing and the folder stays empty.
# Called by nuget/ProvisionFeed.targets before the first restore; can also be run by hand, any number of times.
#
#   nuget/provision-feed.sh          the CPU packages
#   nuget/provision-feed.sh --gpu    the CUDA build of ONNX Runtime as well (linux-x64)
#
# On Windows provision-feed.ps1 comes first and calls this one only if it has to. Why and how: nuget/README.md.
set -eEuo pipefail

# ---- Pins: the only place. Any edit to this file makes the next build provision again. ---------------------------
ort_version=1.29.0            # Microsoft.ML.OnnxRuntime, .Managed, .Gpu, .Gpu.Linux
hashing_version=10.0.12       # System.IO.Hashing
tensors_version=9.0.23        # compiles the binding; 10.x makes one overload ambiguous (CS1503), but runs it

# npm tarballs: NAME VERSION SHA512 (see README: how to update)
ort_tarball=(com.github.asus4.onnxruntime 0.4.9
  064cf176e499f4891e0cfe90f25cf64c553689eee1492bd2ed921fccca28131a2ad02373267bae19a509ec8b288c182a3b8a2e0f58d76a1f0e63225b08ddbd16)
gpu_core_tarball=(onnxruntime-node 1.29.0
  5a3895541ef6ae220bcfc1db62fc6f9a32b213f5a6918a127ca63ef9ac68e63011eb4f47420f0cc221bf1e14a1a537097e6980773c71981f8c3124f703e4a23c)
gpu_providers_tarball=(com.github.asus4.onnxruntime.linux-x64-gpu 0.4.9
  168a4884d13f360fafd97eb9c1573d7253c2042be1bc0e771f1a3653429fe5f19d56c0bb88203e999d0a2d6820710023ed3219ea9362751e000b5d20ef85e8eb)
# ------------------------------------------------------------------------------------------------------------------

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
script=$here/$(basename "${BASH_SOURCE[0]}")
root=$(dirname "$here")
feed=$here/feed
dotnet=${DOTNET_HOST_PATH:-dotnet}      # MSBuild says which host runs it; by hand it is the one on PATH

gpu=false
case ${1:-} in
  '') ;;
  --gpu) gpu=true ;;
  *) echo "usage: $(basename "$0") [--gpu]" >&2; exit 2 ;;
esac

# The stamp is a copy of this script, so a new pin, checksum or recipe is a new stamp and nothing has to be counted up.
base_stamp=$feed/.provisioned
gpu_stamp=$feed/.provisioned-gpu
fresh() { cmp -s "$script" "$1"; }
all_fresh() { fresh "$base_stamp" && { ! $gpu || fresh "$gpu_stamp"; }; }
offline_mark=$feed/.offline             # see missing_of; holds for ten minutes, so that one build asks once
done_already() { all_fresh || [ -n "$(find "$offline_mark" -mmin -10 2>/dev/null || true)" ]; }
if done_already; then exit 0; fi

# $1: what failed, $2: what to do. ProvisionFeed.targets makes the line the error of the build.
die() {
  trap - ERR
  echo "FEED001: $1 $2" >&2
  exit 1
}
trap 'die "line $LINENO failed: $BASH_COMMAND." "Nothing was added to nuget/feed; correct the cause and build again."' ERR

work=
lock_dir=
clean_up() {
  trap - ERR
  rm -f "$feed"/*.partial "$feed"/.*.partial
  if [ -n "$work" ]; then rm -rf "$work"; fi
  if [ -n "$lock_dir" ]; then rm -rf "$lock_dir"; fi
}

# ---- Lock: several projects restore at once; the first provisions, the others wait and find the stamp. ------------
mkdir -p "$feed"
if command -v flock >/dev/null; then
  exec 9>"$feed/.lock"
  flock -w 1800 9 || die "another build has been provisioning nuget/feed for half an hour." "End it, or wait for it, and build again."
else
  # macOS has no flock: a directory is made by one process only. One left behind by a killed build is taken over.
  waited=0
  until mkdir "$feed/.lock.d" 2>/dev/null; do
    owner=$(cat "$feed/.lock.d/pid" 2>/dev/null || true)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then rm -rf "$feed/.lock.d"; continue; fi
    waited=$((waited + 1))
    [ $waited -lt 1800 ] || die "nuget/feed/.lock.d has been there for half an hour." "If no other build is running, delete it and build again."
    sleep 1
  done
  lock_dir=$feed/.lock.d
  echo $$ >"$lock_dir/pid"
fi
trap clean_up EXIT
trap 'exit 130' INT TERM
if done_already; then exit 0; fi

# ---- A place to work outside the repository, so that its Directory.* files and NuGet.config do not reach in. ------
work=$(mktemp -d)
for name in Directory.Build.props Directory.Build.targets Directory.Packages.props; do
  echo '<Project />' >"$work/$name"     # and nothing above the temporary folder either
done
if [ -f "$root/global.json" ]; then cp "$root/global.json" "$work/"; fi   # the same SDK as the repository
mkdir "$work/out"

# "The machine's own sources" include NuGet.config files above the repository, but not the repository's own.
export RestoreRootConfigDirectory=$(dirname "$root")

# The calling MSBuild describes itself in these; a child dotnet must find its own. No build servers: they outlive us.
unset MSBuildSDKsPath MSBuildExtensionsPath MSBUILD_EXE_PATH MSBuildLoadMicrosoftTargetsReadOnly OnnxRuntimeFlavor
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false MSBUILDTERMINALLOGGER=off
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

# Runs a command in $work, quietly; its output is kept for the error message. Children do not inherit the lock.
log=$work/log.txt
quietly() { (cd "$work" && "$@") >"$log" 2>&1 9>&-; }
log_says() { { grep -m1 -E 'error|ERR' "$log" || tail -n1 "$log"; } | sed -E 's/^.*: error //; s/^ +//; s/\.+$//' | cut -c1-400; }

command -v "$dotnet" >/dev/null || die "the dotnet command was not found." "Put the .NET SDK on PATH and build again."

# ---- Which packages do the machine's own sources lack? -----------------------------------------------------------
# all_cached ID VERSION ...: does the package cache hold them all, wherever they came from?
all_cached() {
  local cache
  cache=$("$dotnet" nuget locals global-packages --list 9>&- | tr -d '\r' | sed -n 's/^[^:]*: *//p')
  while [ $# -gt 0 ]; do
    [ -f "$cache/$(echo "$1" | tr '[:upper:]' '[:lower:]')/$2/.nupkg.metadata" ] || return 1
    shift 2
  done
}

# missing_of ID VERSION ID VERSION ...: sets $missing. A restore is the only answer that counts (mirrors, proxies and
# credentials included). It uses its own package folder: a package cached from an earlier run of this script must not
# pass for an official one.
missing_of() {
  local ids=" " pairs="$*" probe=$work/probe codes id references=
  while [ $# -gt 0 ]; do
    ids="$ids$1 "
    references="$references<PackageReference Include=\"$1\" Version=\"[$2]\" />"     # exactly: a source that has only a newer one lacks it
    shift 2
  done
  mkdir -p "$probe"
  cat >"$probe/probe.csproj" <<EOF
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <RestorePackagesPath>\$(MSBuildProjectDirectory)/packages</RestorePackagesPath>
    <NuGetAudit>false</NuGetAudit>
  </PropertyGroup>
  <ItemGroup>$references</ItemGroup>
</Project>
EOF
  missing=
  if quietly "$dotnet" restore probe/probe.csproj; then rm -rf "$probe"; return; fi

  # NU1101 no such id, NU1102/NU1103 no such version: the source answered, and it has not got it. Anything else is
  # a source that did not answer, and no reason to build a substitute.
  codes=$(grep -oE 'error NU[0-9]+' "$log" | sort -u | grep -vE 'NU110[123]$' || true)
  if [ -n "$codes" ] || ! [ -f "$probe/obj/project.assets.json" ]; then
    if all_cached $pairs; then
      echo "nuget/feed: this machine's package sources do not answer; its package cache has what is needed, so the build goes on with that"
      touch "$offline_mark"
      exit 0      # without a stamp: a later build asks again
    fi
    die "could not ask this machine's package sources for${ids% }: $(log_says)." "Correct the source or the connection ('dotnet nuget list source') and build again."
  fi
  for id in $(awk -F'"' '$2 == "code" { code = $4 } $2 == "libraryId" && code ~ /^NU110[123]$/ { print $4 }' "$probe/obj/project.assets.json" | sort -u); do
    case $ids in *" $id "*) missing="$missing$id " ;; esac
  done
  [ -n "$missing" ] || die "the probe restore of${ids% } failed: $(log_says)." "Correct that and build again."
  rm -rf "$probe"
}
listed() { local list=${missing% }; echo "${list// /, }"; }
lacks() { case " $missing" in *" $1 "*) true ;; *) false ;; esac; }

# ---- Fetching and packing ----------------------------------------------------------------------------------------
# fetch NAME VERSION SHA512 FOLDER PATH...: npm pack downloads a tarball and runs none of its scripts; the checksum is
# that of the very bytes we read. Of the content only PATHs are unpacked.
fetch() {
  local name=$1 version=$2 expected=$3 to=$4 actual tarball
  shift 4
  command -v npm >/dev/null ||
    die "this machine's package sources lack $(listed), and npm, which would fetch what they are built from, is not on PATH." "Install Node.js with npm, or add a package source that has them, and build again."
  mkdir -p "$work/npm/$to"
  quietly npm pack "$name@$version" --ignore-scripts --pack-destination "$work/npm/$to" ||
    die "npm could not fetch $name@$version: $(log_says)." "Check the connection and npm's registry setting and build again."
  tarball=$(ls "$work/npm/$to"/*.tgz)
  if command -v sha512sum >/dev/null; then actual=$(sha512sum "$tarball"); else actual=$(shasum -a 512 "$tarball"); fi
  actual=${actual%% *}
  [ "$actual" = "$expected" ] ||
    die "the tarball of $name@$version is not the pinned one (sha512 ${actual:0:16}..., expected ${expected:0:16}...)." "Do not use it before you know why; the pins are at the top of nuget/provision-feed.sh."
  tar -xzf "$tarball" -C "$work/npm/$to" "$@"
  rm "$tarball"
}

# pack ID VERSION DESCRIPTION: packs the files laid out below $work/ID; <dependencies> content comes from stdin.
pack() {
  local id=$1 version=$2 description=$3
  cat >"$work/$id.nuspec" <<EOF
<?xml version="1.0" encoding="utf-8"?>
<package>
  <metadata>
    <id>$id</id>
    <version>$version</version>
    <authors>Microsoft</authors>
    <license type="expression">MIT</license>
    <description>$description Built on this machine by nuget/provision-feed.sh because its package sources lack the official package; not for redistribution.</description>
    <dependencies>
$(cat)
    </dependencies>
  </metadata>
  <files>
    <file src="$id/**" target="" />
  </files>
</package>
EOF
  quietly "$dotnet" pack "$id.nuspec" -o out || die "packing $id failed: $(log_says)." "Correct that and build again."
}

build_hashing() {
  local sdk version candidate product=
  version=$(cd "$work" && "$dotnet" --version | tr -d '\r')
  sdk=$("$dotnet" --list-sdks | tr -d '\r' | awk -v v="$version" '$1 == v { sub(/^[^[]*\[/, ""); sub(/\]$/, ""); print }')/$version
  # The SDK carries Microsoft's signed build for its own use. First choice is the portable one; the other one is
  # precompiled for the platform of this SDK.
  for candidate in net8.0=Microsoft.Build.Tasks.Git/tools/net net10.0=Microsoft.NET.Sdk/tools/net10.0; do
    local file=$sdk/Sdks/${candidate#*=}/System.IO.Hashing.dll
    [ -f "$file" ] || continue
    # ProductVersion in the version resource, UTF-16: "10.0.12+commit".
    product=$(LC_ALL=C tr -d '\000' <"$file" | LC_ALL=C grep -aoE 'ProductVersion[0-9]+\.[0-9]+\.[0-9]+' | head -n1 || true)
    product=${product#ProductVersion}
    # A later servicing release of the same line may stand in for the pinned one, an earlier one may not.
    if [ "${product%.*}" = "${hashing_version%.*}" ] && [ "${product##*.}" -ge "${hashing_version##*.}" ]; then
      mkdir -p "$work/System.IO.Hashing/lib/${candidate%%=*}"
      cp "$file" "$work/System.IO.Hashing/lib/${candidate%%=*}/"
      pack System.IO.Hashing "$hashing_version" "System.IO.Hashing $product as shipped inside .NET SDK $version." \
        <<<"<group targetFramework=\"${candidate%%=*}\" />"
      return
    fi
  done
  die "System.IO.Hashing $hashing_version is in no package source of this machine, and .NET SDK $version carries ${product:-none}." "Install a .NET SDK of the same line that has it (10.0.401 does), or add a package source that has it, and build again."
}

build_managed() {
  local dir=$work/binding
  mkdir "$dir"
  # Microsoft's own C# sources; the Unity package adds only conditional blocks, and UNITY_* is not defined here.
  cp -R "$work/npm/ort/package/Runtime" "$dir/"
  cat >"$dir/Microsoft.ML.OnnxRuntime.csproj" <<EOF
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net8.0</TargetFramework>
    <AllowUnsafeBlocks>true</AllowUnsafeBlocks>
    <GenerateAssemblyInfo>false</GenerateAssemblyInfo>
    <DebugType>none</DebugType>
    <NuGetAudit>false</NuGetAudit>
  </PropertyGroup>
  <ItemGroup>
    <Using Include="System.Reflection" />
    <PackageReference Include="System.Numerics.Tensors" Version="$tensors_version" />
  </ItemGroup>
</Project>
EOF
  quietly "$dotnet" build binding/Microsoft.ML.OnnxRuntime.csproj -c Release -o binding/out -nodeReuse:false ||
    die "compiling the ONNX Runtime C# binding failed: $(log_says)." "Correct that and build again."
  mkdir -p "$work/Microsoft.ML.OnnxRuntime.Managed/lib/net8.0"
  cp "$dir/out/Microsoft.ML.OnnxRuntime.dll" "$work/Microsoft.ML.OnnxRuntime.Managed/lib/net8.0/"
  cp "$work"/npm/ort/package/{LICENSE,ThirdPartyNotices.txt} "$work/Microsoft.ML.OnnxRuntime.Managed/"
  pack Microsoft.ML.OnnxRuntime.Managed "$ort_version" "Microsoft's C# binding of ONNX Runtime $ort_version, compiled from the sources in the npm package ${ort_tarball[0]} ${ort_tarball[1]}." \
    <<<"<group targetFramework=\"net8.0\"><dependency id=\"System.Numerics.Tensors\" version=\"$tensors_version\" /></group>"
}

build_native() {
  local from=$work/npm/ort/package to=$work/Microsoft.ML.OnnxRuntime
  local pair
  for pair in Linux/x64=linux-x64 Windows/x64=win-x64 macOS/arm64=osx-arm64; do
    mkdir -p "$to/runtimes/${pair#*=}/native"
    find "$from/Plugins/${pair%%=*}" -type f ! -name '*.meta' -exec cp {} "$to/runtimes/${pair#*=}/native/" \;
  done
  cp "$from"/{LICENSE,ThirdPartyNotices.txt} "$to/"
  pack Microsoft.ML.OnnxRuntime "$ort_version" "Native ONNX Runtime $ort_version (CPU; linux-x64, win-x64, osx-arm64) from the npm package ${ort_tarball[0]} ${ort_tarball[1]}." \
    <<<"<dependency id=\"Microsoft.ML.OnnxRuntime.Managed\" version=\"$ort_version\" />"
}

# The official split: Gpu is an empty package that points at one package per operating system. Only Linux is bridged.
build_gpu_linux() {
  local native=$work/Microsoft.ML.OnnxRuntime.Gpu.Linux/runtimes/linux-x64/native
  mkdir -p "$native"
  # This core library is built with the CUDA hooks; it loads the provider libraries from beside itself when asked to.
  cp "$work/npm/gpu-core/package/bin/napi-v6/linux/x64/libonnxruntime.so.1" "$native/libonnxruntime.so"
  cp "$work"/npm/gpu-providers/package/Plugins/Linux/x64/libonnxruntime_providers_*.so "$native/"
  cp "$work/npm/gpu-providers/package/LICENSE" "$work/Microsoft.ML.OnnxRuntime.Gpu.Linux/"
  pack Microsoft.ML.OnnxRuntime.Gpu.Linux "$ort_version" "Native ONNX Runtime $ort_version with the CUDA and TensorRT providers (linux-x64) from the npm packages ${gpu_core_tarball[0]} ${gpu_core_tarball[1]} and ${gpu_providers_tarball[0]} ${gpu_providers_tarball[1]}." \
    <<<"<dependency id=\"Microsoft.ML.OnnxRuntime.Managed\" version=\"$ort_version\" />"
}

build_gpu() {
  mkdir -p "$work/Microsoft.ML.OnnxRuntime.Gpu"
  cp "$work/npm/gpu-providers/package/LICENSE" "$work/Microsoft.ML.OnnxRuntime.Gpu/"
  pack Microsoft.ML.OnnxRuntime.Gpu "$ort_version" "ONNX Runtime $ort_version for CUDA: points at Microsoft.ML.OnnxRuntime.Gpu.Linux, holds nothing itself." \
    <<<"<dependency id=\"Microsoft.ML.OnnxRuntime.Gpu.Linux\" version=\"$ort_version\" /><dependency id=\"Microsoft.ML.OnnxRuntime.Managed\" version=\"$ort_version\" />"
}

# publish STAMP ID...: the finished packages replace whatever an earlier version of this script left under these ids.
# Copied under a name NuGet does not look at, then renamed: a reader sees whole packages only. The stamp comes last.
publish() {
  local stamp=$1 id file
  shift
  for file in "$work"/out/*.nupkg; do
    if [ -e "$file" ]; then cp "$file" "$feed/$(basename "$file").partial"; fi
  done
  for id in "$@"; do
    for file in "$feed/$id".[0-9]*.nupkg; do
      if [ -e "$file" ] && ! [ -e "$file.partial" ]; then rm "$file"; fi
    done
  done
  for file in "$feed"/*.nupkg.partial; do
    if [ -e "$file" ]; then mv -f "$file" "${file%.partial}"; fi
  done
  cp "$script" "$stamp.partial"
  mv -f "$stamp.partial" "$stamp"
  rm -f "$offline_mark"
  rm -rf "$work"/out/*
}

# ---- The CPU packages --------------------------------------------------------------------------------------------
if ! fresh "$base_stamp"; then
  missing_of Microsoft.ML.OnnxRuntime.Managed $ort_version Microsoft.ML.OnnxRuntime $ort_version System.IO.Hashing $hashing_version
  if [ -n "$missing" ]; then
    origin="npm (about 150 MB, half a minute)"
    if [ "$missing" = "System.IO.Hashing " ]; then origin="the SDK"; fi
    echo "nuget/feed: this machine's package sources lack $(listed); building stand-ins once, from $origin"
    if lacks System.IO.Hashing; then build_hashing; fi
    if lacks Microsoft.ML.OnnxRuntime.Managed || lacks Microsoft.ML.OnnxRuntime; then
      fetch "${ort_tarball[@]}" ort package/LICENSE package/ThirdPartyNotices.txt package/Runtime package/Plugins/Linux package/Plugins/Windows package/Plugins/macOS
    fi
    if lacks Microsoft.ML.OnnxRuntime.Managed; then build_managed; fi
    if lacks Microsoft.ML.OnnxRuntime; then build_native; fi
  fi
  publish "$base_stamp" Microsoft.ML.OnnxRuntime.Managed Microsoft.ML.OnnxRuntime System.IO.Hashing
fi

# ---- The GPU packages, on request ----------------------------------------------------------------------------------
if $gpu && ! fresh "$gpu_stamp"; then
  # Managed is asked for too: it may be the one thing an official Gpu package misses, and the stage above made it.
  missing_of Microsoft.ML.OnnxRuntime.Gpu $ort_version Microsoft.ML.OnnxRuntime.Gpu.Linux $ort_version Microsoft.ML.OnnxRuntime.Managed $ort_version
  if lacks Microsoft.ML.OnnxRuntime.Gpu || lacks Microsoft.ML.OnnxRuntime.Gpu.Linux; then
    echo "nuget/feed: OnnxRuntimeFlavor=Gpu, and this machine's package sources lack its packages; building stand-ins once, from npm (about 290 MB, a minute)"
    fetch "${gpu_providers_tarball[@]}" gpu-providers package/LICENSE package/Plugins/Linux
    if lacks Microsoft.ML.OnnxRuntime.Gpu.Linux; then
      fetch "${gpu_core_tarball[@]}" gpu-core package/bin/napi-v6/linux/x64
      build_gpu_linux
    fi
    if lacks Microsoft.ML.OnnxRuntime.Gpu; then build_gpu; fi
  fi
  publish "$gpu_stamp" Microsoft.ML.OnnxRuntime.Gpu Microsoft.ML.OnnxRuntime.Gpu.Linux
fi
