# What other scripts need on the machine, got by apt where it is missing. Sourced, not run.

say() { printf '\n== %s\n' "$*" >&2; }
stop() { printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# need PACKAGE PATH...: installs the package unless all these files are there.
missing=()
need() {
  local package=$1 path
  shift
  for path in "$@"; do
    [ -e "$path" ] || command -v "$path" >/dev/null 2>&1 || { missing+=("$package"); return; }
  done
}

# What a window is shown by, and letters for Korean; those of English and Russian are built in.
need_window() {
  local library
  for library in libxkbcommon-x11-0:libxkbcommon-x11.so.0 libx11-xcb1:libX11-xcb.so.1 libxcursor1:libXcursor.so.1 \
    libxi6:libXi.so.6 libxrandr2:libXrandr.so.2 libfontconfig1:libfontconfig.so.1; do
    compgen -G "/usr/lib/*/${library#*:}" >/dev/null || missing+=("${library%%:*}")
  done
  need fonts-noto-cjk /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc
}

# A desktop of the test's own, with a sound server and a screen reader.
need_desktop() {
  need pulseaudio pulseaudio
  need pulseaudio-utils pactl paplay parec
  need dbus-daemon dbus-run-session
  need dbus-bin dbus-send
  need xvfb Xvfb
  need xdotool xdotool
  need openbox openbox
  need x11-utils xprop xev
  need imagemagick import
  need_window
  need at-spi2-core /usr/libexec/at-spi-bus-launcher
  need python3-gi /usr/lib/python3/dist-packages/gi/__init__.py
  need gir1.2-atspi-2.0 "/usr/lib/$(uname -m)-linux-gnu/girepository-1.0/Atspi-2.0.typelib"
}

install_missing() {
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || stop "these Debian packages are missing, and there is no apt-get to get them: ${missing[*]}"
  local root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || stop "as root, run: apt-get install --no-install-recommends ${missing[*]}"
    root=(sudo)
  fi
  say "installing ${missing[*]}"
  local quiet=(-qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${quiet[@]}" install -y --no-install-recommends "${missing[@]}" \
    >/dev/null 2>&1 && return 0
  "${root[@]}" apt-get "${quiet[@]}" update
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${quiet[@]}" install -y --no-install-recommends "${missing[@]}" >&2 ||
    stop "apt-get could not install ${missing[*]}"
}

need_rust() {
  command -v cargo >/dev/null || stop "Rust is missing: https://rustup.rs"
  need build-essential cc
  need cmake cmake
  need ca-certificates /etc/ssl/certs/ca-certificates.crt
}

need_pbx() {
  need python3 python3
  need debian-archive-keyring /usr/share/keyrings/debian-archive-keyring.gpg
  need baresip-core baresip
}

# Debian starts a service with its installation and at each boot: nobody asked for a proxy on port 5060, or a database.
need_without_service() {
  local package=$1 path=$2
  need "$package" "$path"
  if [[ " ${missing[*]} " == *" $package "* && -d /run/systemd/system ]]; then
    local root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    "${root[@]}" systemctl --quiet mask "$package.service" || true
  fi
}

# A browser and what drives it, for the manager's page.
need_browser() {
  need chromium /usr/bin/chromium
  need chromium-driver chromedriver
  need fonts-noto-cjk /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc
}

need_kamailio() { need_without_service kamailio /usr/sbin/kamailio; }

need_postgres() {
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || need_without_service postgresql /usr/lib/postgresql
}

# Linking several test programs at once takes more memory than compiling them.
export CARGO_BUILD_JOBS=${CARGO_BUILD_JOBS:-2}
# The compiler's memory in large pages, and kept: in a guest whose host takes free memory back, each small page is dear to get.
export MALLOC_CONF=${MALLOC_CONF:-thp:always,metadata_thp:always,dirty_decay_ms:-1,muzzy_decay_ms:-1}
