# The script of a build: the recipes for GitLab, Jenkins, Buildkite, Tekton and Woodpecker have
# it as ci/build.sh. With its first line no failure of a command is hidden.
set -e -o pipefail
cd src/
echo "something"
make
make check
