#!/bin/bash
# The script of a build: the recipes for GitLab, Jenkins, Buildkite, Tekton and Woodpecker have
# it as ci/build.sh. Its first command ends the script where a command or a part of a pipeline fails.
set -e -o pipefail
cd src/
echo "something"
make
make check
