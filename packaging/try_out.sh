#!/usr/bin/env bash
# Try the ways to get sleepaug on this machine: the wheel, the image, the conda package. What cannot
# be tried here is said. BASE, TORCH_INDEX and BUILD_OPTIONS go to the build of the image:
#   BASE=localhost/python BUILD_OPTIONS="--isolation chroot" packaging/try_out.sh
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
work_on() { # stages a simulated night with a command
    (cd "$work" && "$@" simulate nights --nights 1 --hours 0.2 --overwrite \
        && "$@" predict "nights/01-03-0001 PSG.edf" -o staged --overwrite \
        && test "$(wc -l < "staged/01-03-0001 PSG.hypnogram.csv")" = 25)
}

echo "== Wheel"
git -C "$root" archive HEAD | (mkdir "$work/source" && tar -x -C "$work/source")
python3 -m venv "$work/tools"
"$work/tools/bin/pip" install --quiet build pipx
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
arguments=(${BASE:+--build-arg "BASE=$BASE"} ${TORCH_INDEX:+--build-arg "TORCH_INDEX=$TORCH_INDEX"})
read -ra options <<< "${BUILD_OPTIONS:-}"
if docker info > /dev/null 2>&1; then
    docker build -t sleepaug "${arguments[@]}" "${options[@]}" "$work/source"
    docker image ls sleepaug
    docker run --rm sleepaug --version
    work_on docker run --rm -v "$work:/data" --user "$(id -u):$(id -g)" sleepaug
    echo "Image: built and run with docker."
elif command -v buildah > /dev/null; then
    buildah build -t sleepaug "${arguments[@]}" "${options[@]}" "$work/source"
    buildah images sleepaug
    container=$(buildah from sleepaug)
    chmod a+rwx "$work"
    work_on buildah run --isolation chroot -v "$work:/data" "$container" -- sleepaug
    test "$(buildah run --isolation chroot "$container" -- id -un)" = sleepaug
    buildah rm "$container" > /dev/null
    echo "Image: built and run with buildah${BASE:+, on $BASE}."
else
    echo "Image: not tried, there is neither a docker engine nor buildah."
fi

echo "== Conda package"
if command -v rattler-build > /dev/null; then
    rattler-build build --recipe "$root/packaging/recipe.yaml" --output-dir "$work/conda" -c conda-forge
    echo "Conda package: built and tested with rattler-build."
else
    echo "Conda package: not built, there is no rattler-build; tests/test_packaging.py compares the"
    echo "recipe with setup.cfg."
fi
