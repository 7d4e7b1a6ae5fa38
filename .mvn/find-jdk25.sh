# Sourced by the launcher and by .ci/run. Works with bash 3.2 (macOS) too.

# Whether the folder $1 is a JDK from 25.0.3 up to, not including, 26, with the Vector API.
# Earlier builds of 25 can move arrays that are pinned.
is_jdk25() {
  local line version='' modules=''
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  while IFS= read -r line; do
    case "$line" in
      JAVA_VERSION=*) version="${line#*=}" ;;
      MODULES=*) modules="${line#*=}" ;;
    esac
  done < "$1/release"
  version="${version//\"/}"
  case "$modules" in
    '' | *jdk.incubator.vector*) ;;
    *) return 1 ;;
  esac
  [[ "$version" =~ ^25\.([0-9]+)(\.([0-9]+))?(\.|$) ]] || return 1
  [ "${BASH_REMATCH[1]}" -gt 0 ] || [ "${BASH_REMATCH[3]:-0}" -ge 3 ]
}

# Prints the file that a chain of symbolic links leads to.
follow_links() {
  local file="$1" target
  while [ -L "$file" ]; do
    target=$(readlink "$file") || return 1
    case "$target" in
      /*) file="$target" ;;
      *) file="${file%/*}/$target" ;;
    esac
  done
  printf '%s\n' "$file"
}

# Prints the home of a usable JDK: the first of JAVA_HOME, the path, and the folders where installers put them.
find_jdk25() {
  local candidate java
  if is_jdk25 "${JAVA_HOME:-}"; then # every start of the launcher: nothing else is looked for
    printf '%s\n' "$JAVA_HOME"
    return 0
  fi
  if java=$(command -v java); then
    java=$(follow_links "$java")
    java="${java%/bin/java}"
  fi
  for candidate in "$java" \
    /usr/lib/jvm/* /usr/java/* /opt/java/* /opt/jdk* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    "${HOME:-/nonexistent}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
    "${HOME:-/nonexistent}"/.sdkman/candidates/java/* "${HOME:-/nonexistent}"/.jdks/*; do
    if [ -n "$candidate" ] && is_jdk25 "$candidate"; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

jdk25_missing='JDK 25 (25.0.3 or a later 25) was not found in JAVA_HOME, on the PATH or in the usual folders: install it, for instance Temurin 25 from https://adoptium.net, or set JAVA_HOME to it.'
