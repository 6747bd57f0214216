#!/usr/bin/env bash
# Try the ways to get sleepaug on this machine: the wheel, the image, the conda package. What cannot
# be tried here is said. TORCH_INDEX and BUILD_OPTIONS go to the build of the image:
#   BUILD_OPTIONS="--isolation chroot" packaging/try_out.sh
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
work_on() { # stages a simulated night with a command
    rm -rf "$work/nights" "$work/staged"
    (cd "$work" && "$@" simulate nights --nights 1 --hours 0.2 \
        && "$@" predict "nights/01-03-0001 PSG.edf" -o staged \
        && test "$(wc -l < "staged/01-03-0001 PSG.hypnogram.csv")" = 25)
}

echo "== Wheel"
git -C "$root" archive HEAD | (mkdir "$work/source" && tar -x -C "$work/source")
python3 -m venv "$work/tools"
"$work/tools/bin/pip" install --quiet build pipx py-rattler-build "setuptools>=77"
"$work/tools/bin/python" -m build --wheel --outdir "$work/dist" "$work/source" > "$work/build.log" \
    || { cat "$work/build.log"; exit 1; }
wheel=$(ls "$work"/dist/*.whl)
size=$(wc -c < "$wheel")
echo "$(basename "$wheel"): $size bytes"
test "$size" -lt 3000000 || { echo "Larger than 3 MB."; exit 1; }
# its environments outlive the script otherwise
export PIPX_HOME="$work/pipx" PIPX_BIN_DIR="$work/bin"
"$work/tools/bin/pipx" run --spec "$wheel" sleepaug --version
work_on "$work/tools/bin/pipx" run --spec "$wheel" sleepaug
echo "Wheel: tried with pipx run."

echo "== Image"
read -ra options <<< "${BUILD_OPTIONS:-}"
options+=(${TORCH_INDEX:+--build-arg "TORCH_INDEX=$TORCH_INDEX"})
official=$(sed -n 's/^ARG BASE=//p' "$root/Dockerfile")
if docker info > /dev/null 2>&1; then
    docker build -t sleepaug "${options[@]}" "$work/source"
    docker image ls sleepaug
    docker run --rm sleepaug --version
    work_on docker run --rm -v "$work:/data" --user "$(id -u):$(id -g)" sleepaug
    echo "Image: built and run with docker, on $official."
elif command -v buildah > /dev/null; then
    base=$official
    if ! buildah pull --quiet "$base" > /dev/null 2>&1 && command -v debootstrap > /dev/null; then
        base=localhost/debian-python
        debian=$(. /etc/os-release && echo "$VERSION_CODENAME")
        debootstrap --variant=minbase --include=ca-certificates,python3-venv "$debian" "$work/debian" \
            > "$work/base.log"
        container=$(buildah from scratch)
        buildah copy --quiet "$container" "$work/debian" / > /dev/null
        buildah commit --quiet --rm "$container" "$base" > /dev/null
    fi
    buildah build -t sleepaug --build-arg "BASE=$base" "${options[@]}" "$work/source"
    buildah images sleepaug
    container=$(buildah from sleepaug)
    chmod a+rwx "$work"
    work_on buildah run --isolation chroot -v "$work:/data" "$container" -- sleepaug
    test "$(buildah run --isolation chroot "$container" -- id -un)" = sleepaug
    buildah rm "$container" > /dev/null
    echo "Image: built and run with buildah, on $base."
    test "$base" = "$official" || echo "Not tried: docker, and $official, which cannot be pulled here."
else
    echo "Image: not tried, there is neither a docker engine nor buildah."
fi

echo "== Conda package"
RATTLER_CACHE_DIR="$work/rattler" "$work/tools/bin/python" "$root/packaging/conda_package.py" \
    "$work/source" "$work/conda" --installed "$(echo "$work"/pipx/.cache/*/lib/python*/site-packages)" \
    > "$work/conda.log" 2>&1 || { cat "$work/conda.log"; exit 1; }
grep "conda-forge is not reached" "$work/conda.log" || true
(cd "$work/conda/noarch" && du -b sleepaug-*.conda)
echo "Conda package: built with py-rattler-build; the tests of its recipe pass."
