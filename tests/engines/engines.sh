#!/bin/bash
# Private, isolated, real container engines for tests and benchmarks.  See README.md beside this file.
set -Eeuo pipefail
trap 'echo "engines: line $LINENO failed: $BASH_COMMAND" >&2' ERR

HERE=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
DIR=${PORTSIDE_ENGINES_DIR:-/tmp/portside-engines}
CACHE=${PORTSIDE_ENGINES_CACHE:-/var/cache/portside-engines}
PYTHON=${PORTSIDE_ENGINES_PYTHON:-/usr/bin/python3}
[ -x "$PYTHON" ] || PYTHON=$(command -v python3) || PYTHON=/usr/bin/python3
LIVE_RESTORE=${PORTSIDE_LIVE_RESTORE:-0}
PODMAN_HEALTHD=${PORTSIDE_PODMAN_HEALTHD:-1}
LOG_LEVEL=${PORTSIDE_ENGINE_LOG_LEVEL:-info}
SLOW_RATE=${PORTSIDE_REGISTRY_SLOW_RATE:-4000000}
REG_USER=portside REG_PASSWORD=portside-secret

usage() {
  cat <<'USAGE'
usage: engines.sh [--dir DIR] COMMAND ...

  install [ENGINE...] [SUITE...] [tools]   install what is missing (apt; default: docker registry); SUITE
                                   (trixie, forky): newer engines, unpacked in a cache; tools: compose and buildx
  missing [ENGINE...]              name the commands that are missing; fails if there are any
  up [ENGINE...]                   start engines (default: docker); installs nothing but a SUITE that is named
  down [ENGINE...]                 stop and remove everything, or only the engines named
  status                           what runs, versions, pids
  env                              export lines for the tests
  start|stop|restart ENGINE        the daemon only, as an init system would (its data stays)
  kill ENGINE                      kill -9 the daemon (its containers live on until `start`)
  freeze|thaw ENGINE               SIGSTOP / SIGCONT the daemon: it hangs, its socket still connects
  images [ENGINE...] [--big]       load the test images (default: every running engine and registry)
  populate ENGINE N [--net bridge|none|mix] [--start PERCENT] [--jobs J]   create N containers of many kinds
  unpopulate ENGINE                remove what populate made
  run ENGINE CMD...                run CMD in the engine's namespaces (reach published ports, ip, ctr, ...)
  expose ENGINE PORT [HOSTPORT]    relay 127.0.0.1:HOSTPORT to PORT published in the engine's namespace
  log ENGINE                       print the daemon's log file name

ENGINE: docker podman containerd swarm registry, and docker@trixie docker@forky podman@trixie
        podman@forky containerd@trixie containerd@forky swarm@forky for newer versions.
        swarm starts two Docker engines, swarm1 (manager) and swarm2 (worker).
DIR:    default $PORTSIDE_ENGINES_DIR or /tmp/portside-engines (50 characters at most)
USAGE
}

note() { printf 'engines: %s\n' "$*" >&2; }
die() {
  note "$*"
  exit 1
}

# ---------------------------------------------------------------- names and state

kind_of() { # docker@forky -> docker, swarm2@forky -> swarm2
  echo "${1%%@*}"
}
suite_of() {
  case $1 in *@*) echo "${1#*@}" ;; esac
}
is_dockerd() { case $(kind_of "$1") in docker | swarm1 | swarm2) return 0 ;; *) return 1 ;; esac }
check_name() {
  case $(kind_of "$1") in docker | podman | containerd | swarm | swarm1 | swarm2 | registry) ;; *) die "unknown engine: $1" ;; esac
  case $1 in *@trixie | *@forky) ;; *@*) die "unknown suite: $1 (trixie, forky)" ;; esac
}
home_of() { echo "$DIR/$1"; }
socket_of() {
  case $(kind_of "$1") in
    docker | swarm1 | swarm2) echo "$DIR/$1/docker.sock" ;;
    podman) echo "$DIR/$1/podman.sock" ;;
    containerd) echo "$DIR/$1/containerd.sock" ;;
  esac
}
tag() { # the name of this DIR's control groups: two DIRs never meet
  printf 'portside-%s' "$(printf %s "$DIR" | cksum | cut -d' ' -f1)"
}
hierarchies() { awk '/ - cgroup2? / && $4 == "/" { print $5 }' /proc/self/mountinfo; }
free_port() {
  "$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
port_file() { # port_file FILE: the port kept in FILE, chosen at first use
  [ -s "$1" ] || free_port >"$1"
  cat "$1"
}
pid_in() { # pid_in FILE NAME: the pid in FILE if it still is a process of engine NAME
  local pid
  pid=$(cat "$1" 2>/dev/null) || return 1
  [ -n "$pid" ] && grep -qs "/$(tag)/$2\(/\|\$\)" "/proc/$pid/cgroup" || return 1
  ! grep -qs '^State:.Z' "/proc/$pid/status" || return 1
  echo "$pid"
}
holder_pid() { pid_in "$(home_of "$1")/holder.pid" "$1"; }
daemon_pid() { pid_in "$(home_of "$1")/daemon.pid" "$1"; }
known_engines() {
  local d
  for d in "$DIR"/*/; do
    d=${d%/} d=${d##*/}
    case $d in docker* | podman* | containerd* | swarm[12]* | registry) echo "$d" ;; esac
  done
}
wait_for() { # wait_for SECONDS CMD...
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.05
  done
}
wait_daemon() { # wait_daemon NAME SECONDS CMD...: as wait_for, but not for a daemon that has died
  local name=$1 end=$((SECONDS + $2)) since=$SECONDS
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $end ] || { [ $SECONDS -ge $((since + 2)) ] && ! daemon_pid "$name" >/dev/null; }; then
      die "$name did not come up; $(home_of "$name")/daemon.log ends: $(tail -n 5 "$(home_of "$name")/daemon.log")"
    fi
    sleep 0.05
  done
}
api() { # api ENGINE METHOD PATH [curl args]
  local sock
  sock=$(socket_of "$1")
  curl -sS --fail-with-body --unix-socket "$sock" -X "$2" "http://d$3" "${@:4}"
}

# ---------------------------------------------------------------- install

apt_quiet() {
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -qq -o Dpkg::Use-Pty=0 "$@" \
    </dev/null >>"$CACHE/apt.log" 2>&1 || die "apt-get $* failed: see $CACHE/apt.log"
}

commands_for() { # commands_for ENGINE...: what must be on PATH, one "command=package" a line
  local name
  printf '%s\n' curl=curl flock=util-linux unshare=util-linux ip=iproute2 perl=perl-base busybox=busybox-static
  [ -x "$PYTHON" ] || echo python3=python3
  for name in "$@"; do
    case $name in # a newer suite brings its own
      docker | swarm) printf '%s\n' dockerd=docker.io containerd=containerd runc=runc iptables=iptables openssl=openssl ;;
      podman) printf '%s\n' podman=podman runc=runc iptables=iptables conmon=conmon ;;
      containerd) printf '%s\n' containerd=containerd runc=runc ctr=containerd ;;
      registry) printf '%s\n' docker-registry=docker-registry skopeo=skopeo ;;
    esac
  done
}

cmd_missing() { # print "command=package" for what is not there
  local pair name missing=0
  [ $# -gt 0 ] || set -- docker
  for name in "$@"; do check_name "$name"; done
  while read -r pair; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%=*}" >/dev/null || {
      echo "$pair"
      missing=1
    }
  done < <(commands_for "$@" | sort -u)
  return $missing
}

need_root() { [ "$(id -u)" = 0 ] || die "must be root"; }

install_base() { # install_base ENGINE...
  local packages=() policy= pair name
  need_root
  mkdir -p "$CACHE"
  while read -r pair; do packages+=("${pair#*=}"); done < <(cmd_missing "$@" || true)
  for name in "$@"; do # no command of theirs is called by name
    [ "$name" != podman ] || packages+=(netavark aardvark-dns catatonit)
  done
  [ ${#packages[@]} -gt 0 ] || return 0
  note "installing ${packages[*]}"
  if [ ! -e /usr/sbin/policy-rc.d ]; then # packages must not start their own services
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  apt_quiet update
  apt_quiet install -y --no-install-recommends "${packages[@]}"
  [ -z "$policy" ] || rm -f "$policy"
}

suite_apt() { # suite_apt SUITE ARGS...: apt with lists, cache and an empty status of its own
  local root=$CACHE/$1 suite=$1
  shift
  mkdir -p "$root/apt/lists/partial" "$root/apt/cache/archives/partial"
  if [ ! -s "$root/apt/sources.list" ]; then
    local uri
    uri=$({ cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null || true; } |
      awk '$1 == "URIs:" && $2 ~ /\/debian\/?$/ { print $2; exit }
           $1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /:\/\/.*\/debian\/?$/) { print $i; exit } }')
    [ -n "$uri" ] || die "no Debian archive in apt's sources"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" >"$root/apt/sources.list"
  fi
  apt_quiet -o "Dir::Etc::sourcelist=$root/apt/sources.list" -o Dir::Etc::sourceparts=- \
    -o "Dir::State::lists=$root/apt/lists" -o "Dir::Cache=$root/apt/cache" -o Dir::State::status=/dev/null \
    -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false "$@"
}

install_suite() { # a newer suite's engines and their libraries, unpacked beside the system, not into it
  local root=$CACHE/$1 deb packages=(docker.io containerd runc podman crun conmon netavark aardvark-dns catatonit
    nftables iptables)
  [ ! -e "$root/ok" ] || return 0
  note "fetching the engines of Debian $1"
  mkdir -p "$CACHE"
  exec 8>"$CACHE/lock"
  flock 8
  if [ ! -e "$root/ok" ]; then
    rm -rf "$root"
    [ "$1" != forky ] || packages+=(docker-compose docker-buildx docker-cli)
    suite_apt "$1" update
    suite_apt "$1" install -y --download-only --no-install-recommends "${packages[@]}"
    for deb in "$root"/apt/cache/archives/*.deb; do
      dpkg-deb --fsys-tarfile "$deb" |
        tar -x -C "$root" --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' \
          --exclude='./var' --exclude='./etc/pam.d'
    done
    rm -rf "$root/apt"
    : >"$root/ok"
  fi
  exec 8>&-
}

client_config() { # a DOCKER_CONFIG of this DIR's own: the plugins, and room for logins
  local plugins=$CACHE/forky/usr/libexec/docker/cli-plugins
  [ -d "$plugins" ] || return 0
  mkdir -p "$DIR/cli/cli-plugins"
  ln -sf "$plugins/docker-compose" "$plugins/docker-buildx" "$DIR/cli/cli-plugins/"
}

cmd_install() {
  local s engines=() suites=()
  for s in "$@"; do
    case $s in
      trixie | forky) suites+=("$s") ;;
      tools) suites+=(forky) ;; # compose and buildx come from there
      *)
        check_name "$s"
        engines+=("$s")
        ;;
    esac
  done
  [ ${#engines[@]} -gt 0 ] || [ ${#suites[@]} -gt 0 ] || engines=(docker registry)
  install_base "${engines[@]}"
  for s in "${suites[@]}"; do install_suite "$s"; done
}

# ---------------------------------------------------------------- sandboxes

make_cgroup() {
  local h level
  for h in $(hierarchies); do
    for level in "$(tag)" "$(tag)/$1"; do
      mkdir -p "$h/$level"
      if [ -e "$h/$level/cpuset.cpus" ] && [ ! -s "$h/cgroup.controllers" ]; then
        cat "$h/$(dirname "$level")/cpuset.cpus" >"$h/$level/cpuset.cpus"
        cat "$h/$(dirname "$level")/cpuset.mems" >"$h/$level/cpuset.mems"
      fi
      if [ -s "$h/cgroup.controllers" ]; then # v2 with controllers
        sed 's/[^ ]*/+&/g' "$h/cgroup.controllers" >"$h/$(tag)/cgroup.subtree_control" 2>/dev/null || true
      fi
    done
  done
}

sandbox_up() { # sandbox_up NAME [FIFO_DIR]
  local name=$1 home suite root=
  home=$(home_of "$name")
  suite=$(suite_of "$name")
  ! holder_pid "$name" >/dev/null || return 0
  [ -z "$suite" ] || root=$CACHE/$suite
  mkdir -p "$home"
  rm -f "$home/ready"
  make_cgroup "$name"
  "$PYTHON" "$HERE/nsrun.py" --cgroup "$(tag)/$name" --pidfile "$home/holder.pid" --log "$home/sandbox.log" -- \
    unshare --mount --net --cgroup --uts -- bash "$HERE/sandbox-init.sh" "$home" "${name//@/-}" "$root" "${2:-}" 9>&- &
  wait_for 10 test -e "$home/ready" || die "$name: no sandbox: $(tail -n 3 "$home/sandbox.log")"
}

in_sandbox() { # in_sandbox NAME CMD...: in the foreground
  local name=$1 pid
  shift
  pid=$(holder_pid "$name") || die "$name is not up"
  "$PYTHON" "$HERE/nsrun.py" --cgroup "$(tag)/$name" --ns "$pid" --keep-env -- "$@"
}

daemon_in_sandbox() { # daemon_in_sandbox NAME [nsrun options] -- CMD...
  local name=$1 home pid
  shift
  home=$(home_of "$name")
  pid=$(holder_pid "$name")
  "$PYTHON" "$HERE/nsrun.py" --cgroup "$(tag)/$name" --ns "$pid" --log "$home/daemon.log" \
    --pidfile "$home/daemon.pid" --env "HOME=$home" "$@" 9>&- &
}

kill_cgroup() { # kill every process in NAME's control groups, then remove the groups
  local name=$1 h path p i left
  for h in $(hierarchies); do # a frozen process (docker pause) does not die before it thaws
    while read -r p; do
      echo THAWED >"$p" 2>/dev/null || true
    done < <(find "$h/$(tag)/$name" -name freezer.state 2>/dev/null)
  done
  for i in $(seq 100); do
    left=0
    for h in $(hierarchies); do
      path=$h/$(tag)/$name
      [ -d "$path" ] || continue
      [ ! -e "$path/cgroup.kill" ] || echo 1 >"$path/cgroup.kill"
      while read -r p; do
        [ "$p" != 0 ] || continue
        left=1
        kill -9 "$p" 2>/dev/null || true
      done < <(find "$path" -name cgroup.procs -exec cat {} + 2>/dev/null || true)
    done
    [ $left = 1 ] || break
    [ "$i" -lt 5 ] || sleep 0.05
  done
  for i in $(seq 10); do
    left=0
    for h in $(hierarchies); do
      [ -d "$h/$(tag)/$name" ] || continue
      find "$h/$(tag)/$name" -depth -type d -exec rmdir {} + 2>/dev/null || left=1
    done
    [ $left = 1 ] || break
    sleep "0.$i"
  done
  [ "$left" = 0 ] || note "$name: some control groups could not be removed"
}

# ---------------------------------------------------------------- the daemons

certificates() { # one CA, a server certificate for 127.0.0.1/localhost, a client certificate, and a rogue client
  local c=$DIR/certs who
  [ ! -e "$c/ok" ] || return 0
  mkdir -p "$c"
  (
    cd "$c"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=portside test CA" \
      -keyout ca-key.pem -out ca.pem
    for who in server client; do
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=portside test $who" \
        -keyout $who-key.pem -out $who.csr
      printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=%sAuth\n' $who >$who.ext
      openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 3650 -extfile $who.ext \
        -out $who.pem
    done
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=rogue" \
      -keyout rogue-key.pem -out rogue.pem
    cp client.pem cert.pem # the names that DOCKER_CERT_PATH wants
    cp client-key.pem key.pem
    chmod 600 ./*key.pem
    rm -f ./*.csr ./*.ext
  ) >"$c/openssl.log" 2>&1 || die "openssl failed: see $c/openssl.log"
  : >"$c/ok"
}

# A dockerd takes its old containerd's pid for a live process while that is dead but not reaped, and
# then waits for it in vain; here the first process reaps only every second or so.
containerd_gone() {
  local pid
  pid=$(cat "$(home_of "$1")/exec/containerd/containerd.pid" 2>/dev/null) || return 0
  [ -n "$pid" ] && [ -d "/proc/$pid" ] && grep -qs '^State:.[ZX]' "/proc/$pid/status" || return 0
  return 1
}

kill_daemon() {
  local pid
  pid=$(daemon_pid "$1") || die "$1 is not running"
  kill -9 "$pid"
  wait_for 10 not test -d "/proc/$pid" || true
  wait_for 10 containerd_gone "$1" || true
}

start_docker() {
  local name=$1 home tls live=false
  home=$(home_of "$name")
  wait_for 10 containerd_gone "$name" || true
  certificates
  tls=$(port_file "$home/tls.port")
  case $name in docker*) [ "$LIVE_RESTORE" = 0 ] || live=true ;; esac
  mkdir -p "$home/data" "$home/exec"
  cat >"$home/daemon.json" <<JSON
{
  "data-root": "$home/data",
  "exec-root": "$home/exec",
  "pidfile": "$home/dockerd.pid",
  "hosts": ["unix://$home/docker.sock", "fd://"],
  "tlsverify": true,
  "tlscacert": "$DIR/certs/ca.pem",
  "tlscert": "$DIR/certs/server.pem",
  "tlskey": "$DIR/certs/server-key.pem",
  "storage-driver": "overlay2",
  "live-restore": $live,
  "log-level": "$LOG_LEVEL",
  "bip": "172.17.0.1/16",
  "default-address-pools": [{"base": "172.18.0.0/15", "size": 24}, {"base": "172.20.0.0/14", "size": 24}]
}
JSON
  rm -f "$home/docker.sock" "$home/dockerd.pid"
  daemon_in_sandbox "$name" --listen "127.0.0.1:$tls" -- dockerd --config-file "$home/daemon.json"
  wait_daemon "$name" 60 api "$name" GET /_ping
}

start_podman() {
  local name=$1 home
  home=$(home_of "$name")
  rm -f "$home/podman.sock"
  daemon_in_sandbox "$name" --env PODMAN_IGNORE_CGROUPSV1_WARNING=1 -- \
    podman --log-level "$LOG_LEVEL" system service --time=0 "unix://$home/podman.sock"
  wait_daemon "$name" 60 api "$name" GET /_ping
  if [ "$PODMAN_HEALTHD" = 1 ] && ! pid_in "$home/healthd.pid" "$name" >/dev/null; then
    "$PYTHON" "$HERE/nsrun.py" --cgroup "$(tag)/$name" --log "$home/healthd.log" --pidfile "$home/healthd.pid" \
      -- "$PYTHON" "$HERE/healthd.py" "$home/podman.sock" 9>&- &
  fi
}

podman_config() { # into the upper layer of the sandbox's /etc, before the sandbox is there
  local home=$1 c=$1/etc/containers
  mkdir -p "$c"
  cat >"$c/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$home/data"
runroot = "$home/run"
CONF
  cat >"$c/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
events_logfile_path = "$home/events.log"
image_copy_tmp_dir = "$home/tmp"
[network]
network_backend = "netavark"
CONF
  cat >"$c/registries.conf" <<CONF
unqualified-search-registries = ["localhost"]
short-name-mode = "permissive"
CONF
  # Any port: the registry may come up after Podman, which reads this once.
  printf '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n' >>"$c/registries.conf"
  echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$c/policy.json"
  mkdir -p "$home/data" "$home/run" "$home/tmp"
}

start_containerd() {
  local name=$1 home
  home=$(home_of "$name")
  mkdir -p "$home/root" "$home/state"
  cat >"$home/config.toml" <<TOML
version = 2
root = "$home/root"
state = "$home/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "$home/containerd.sock"
[debug]
  level = "$LOG_LEVEL"
TOML
  rm -f "$home/containerd.sock"
  daemon_in_sandbox "$name" -- containerd --config "$home/config.toml"
  wait_daemon "$name" 30 containerd_ready "$name"
}
containerd_ready() { in_sandbox "$1" ctr --address "$(socket_of "$1")" --connect-timeout 1s version; }

registry_ports() {
  cat "$DIR"/registry/*.port 2>/dev/null || true
}

start_registry() {
  local home=$DIR/registry port kind
  mkdir -p "$home/data"
  make_cgroup registry
  # shellcheck disable=SC2016 # perl's own $
  [ -s "$home/htpasswd" ] || REG_USER=$REG_USER REG_PASSWORD=$REG_PASSWORD perl -e '
    my @a = ("a".."z", 0..9); my $salt = join "", map { $a[rand @a] } 1..22;
    my $h = crypt($ENV{REG_PASSWORD}, "\$2b\$05\$$salt") or die "no bcrypt in libcrypt\n";
    $h =~ s/^\$2b/\$2y/; print "$ENV{REG_USER}:$h\n"' >"$home/htpasswd"
  for kind in open auth; do
    port=$(port_file "$home/$kind.port")
    {
      printf 'version: 0.1\nlog: {level: warn}\nstorage:\n  filesystem: {rootdirectory: %s/data}\n' "$home"
      printf '  delete: {enabled: true}\nhttp: {addr: "127.0.0.1:%s"}\n' "$port"
      [ $kind = open ] || printf 'auth: {htpasswd: {realm: portside, path: %s/htpasswd}}\n' "$home"
    } >"$home/$kind.yml"
    "$PYTHON" "$HERE/nsrun.py" --cgroup "$(tag)/registry" --log "$home/$kind.log" --pidfile "$home/$kind.pid" \
      -- docker-registry serve "$home/$kind.yml" 9>&- &
  done
  port=$(port_file "$home/slow.port") # the same registry at the end of a slow line
  "$PYTHON" "$HERE/nsrun.py" --cgroup "$(tag)/registry" --log "$home/slow.log" --pidfile "$home/slow.pid" \
    -- "$PYTHON" "$HERE/relay.py" --rate "$SLOW_RATE" "127.0.0.1:$port" "127.0.0.1:$(cat "$home/open.port")" 9>&- &
  for port in $(registry_ports); do
    wait_for 10 curl -s "http://127.0.0.1:$port/v2/" || die "registry did not come up: see $home/*.log"
  done
  cp "$home/open.pid" "$home/daemon.pid"
}

link_registry() { # let 127.0.0.1:PORT inside the engine's network namespace be the registry outside
  local name=$1 home holder port ends=()
  holder=$(holder_pid "$name") || return 0
  home=$(home_of "$name")
  ! pid_in "$home/registry-relay.pid" "$name" >/dev/null || return 0
  for port in $(registry_ports); do
    ends+=("ns:$holder@127.0.0.1:$port" "127.0.0.1:$port")
  done
  [ ${#ends[@]} -gt 0 ] || return 0
  "$PYTHON" "$HERE/nsrun.py" --cgroup "$(tag)/$name" --log "$home/relay.log" --pidfile "$home/registry-relay.pid" \
    -- "$PYTHON" "$HERE/relay.py" "${ends[@]}" 9>&- &
}

start_daemon() {
  local name=$1
  ! daemon_pid "$name" >/dev/null || return 0
  case $(kind_of "$name") in
    docker | swarm1 | swarm2) start_docker "$name" ;;
    podman) start_podman "$name" ;;
    containerd) start_containerd "$name" ;;
    registry) start_registry ;;
  esac
}

stop_daemon() { # SIGTERM and wait
  local name=$1 pid
  if [ "$name" = registry ]; then
    kill_cgroup registry
    return
  fi
  pid=$(daemon_pid "$name") || return 0
  kill -CONT "$pid" 2>/dev/null || true
  kill -TERM "$pid"
  wait_for 30 not daemon_pid "$name" || kill -9 "$pid" 2>/dev/null || true
}
not() { ! "$@"; }

swarm_link() { # a cable between the two nodes' network namespaces; nothing of it shows on the host
  local a=$1 b=$2 pid
  if in_sandbox "$a" ip link show node0 >/dev/null 2>&1; then return 0; fi
  pid=$(holder_pid "$b")
  in_sandbox "$a" ip link add node0 type veth peer name node0 netns "$pid"
  in_sandbox "$a" ip addr add 192.168.77.1/24 dev node0
  in_sandbox "$b" ip addr add 192.168.77.2/24 dev node0
  in_sandbox "$a" ip link set node0 up
  in_sandbox "$b" ip link set node0 up
}

up_swarm() {
  local suffix=${1#swarm} a b token
  a=swarm1$suffix b=swarm2$suffix
  up_one "$a"
  up_one "$b"
  swarm_link "$a" "$b"
  if ! api "$a" GET /swarm >/dev/null 2>&1; then
    api "$a" POST /swarm/init -H 'Content-Type: application/json' -o /dev/null -d \
      '{"ListenAddr": "192.168.77.1:2377", "AdvertiseAddr": "192.168.77.1", "DataPathAddr": "192.168.77.1",
        "DefaultAddrPool": ["10.64.0.0/12"], "SubnetSize": 24}' || die "swarm init failed"
  fi
  if ! api "$b" GET /info | grep -q '"LocalNodeState":"active"'; then
    token=$(api "$a" GET /swarm | sed 's/.*"Worker":"\([^"]*\)".*/\1/')
    api "$b" POST /swarm/join -H 'Content-Type: application/json' -o /dev/null -d \
      '{"ListenAddr": "192.168.77.2:2377", "AdvertiseAddr": "192.168.77.2", "DataPathAddr": "192.168.77.2",
        "RemoteAddrs": ["192.168.77.1:2377"], "JoinToken": "'"$token"'"}' || die "swarm join failed"
  fi
}

up_one() {
  local name=$1 suite
  suite=$(suite_of "$name")
  [ -z "$suite" ] || install_suite "$suite"
  case $(kind_of "$name") in
    podman)
      holder_pid "$name" >/dev/null || podman_config "$(home_of "$name")"
      sandbox_up "$name"
      ;;
    containerd) sandbox_up "$name" /run/containerd/fifo ;;
    registry) ;;
    *) sandbox_up "$name" ;;
  esac
  start_daemon "$name"
  if [ "$name" = registry ]; then
    local e
    for e in $(known_engines); do
      [ "$e" = registry ] || link_registry "$e"
    done
  else
    link_registry "$name"
  fi
}

# ---------------------------------------------------------------- commands

cmd_up() {
  local name t0 missing ordered=()
  [ $# -gt 0 ] || set -- docker
  for name in "$@"; do check_name "$name"; done
  need_root
  missing=$(cmd_missing "$@") || die "missing commands (command=package): ${missing//$'\n'/ }; try: engines.sh install $*"
  if [ ! -e "$DIR/.portside-engines" ] && [ -n "$(find "$DIR" -mindepth 1 -maxdepth 1 ! -name .lock -print -quit)" ]; then
    rm -f "$DIR/.lock"
    die "$DIR is not empty: \`down\` would remove what is in it"
  fi
  echo "portside engines" >"$DIR/.portside-engines"
  client_config
  for name in "$@"; do [ "$name" != registry ] || ordered=(registry); done # first, so that others link to it
  for name in "$@"; do [ "$name" = registry ] || ordered+=("$name"); done
  for name in "${ordered[@]}"; do
    t0=$(date +%s%N)
    case $name in
      swarm | swarm@*) up_swarm "$name" ;;
      *) up_one "$name" ;;
    esac
    note "$name up in $((($(date +%s%N) - t0) / 1000000)) ms"
  done
}

cmd_down() {
  local name names=("$@") h
  [ -e "$DIR/.portside-engines" ] || {
    [ -d "$DIR" ] && die "$DIR was not made by this script"
    return 0
  }
  if [ ${#names[@]} -eq 0 ]; then
    mapfile -t names < <(known_engines)
  fi
  for name in "${names[@]}"; do
    case $name in
      swarm | swarm@*)
        down_one "swarm2${name#swarm}"
        down_one "swarm1${name#swarm}"
        ;;
      *) down_one "$name" ;;
    esac
  done
  if [ $# -eq 0 ]; then
    rm -rf "$DIR"
    for h in $(hierarchies); do
      [ ! -d "$h/$(tag)" ] || rmdir "$h/$(tag)" 2>/dev/null || note "could not remove $h/$(tag)"
    done
  fi
}

down_one() {
  local home m
  home=$(home_of "$1")
  [ -d "$home" ] || return 0
  kill_cgroup "$1"
  while read -r m; do umount -l "$m"; done < <(awk -v d="$home/" 'index($5 "/", d) == 1 { print $5 }' \
    /proc/self/mountinfo | tac)
  rm -rf "$home" || {
    sleep 1
    rm -rf "$home"
  }
}

cmd_env() {
  local name var kind suite
  echo "export PORTSIDE_TEST_DIR=$DIR"
  for name in $(known_engines); do
    kind=$(kind_of "$name") suite=$(suite_of "$name")
    case $kind in swarm1) kind=swarm ;; swarm2) kind=swarm_worker ;; esac
    var=PORTSIDE_TEST_$(echo "$kind${suite:+_$suite}" | tr '[:lower:]' '[:upper:]')
    if [ "$name" = registry ]; then
      [ -s "$DIR/registry/open.port" ] || continue
      echo "export PORTSIDE_TEST_REGISTRY=127.0.0.1:$(cat "$DIR/registry/open.port")"
      echo "export PORTSIDE_TEST_REGISTRY_AUTH=127.0.0.1:$(cat "$DIR/registry/auth.port")"
      echo "export PORTSIDE_TEST_REGISTRY_SLOW=127.0.0.1:$(cat "$DIR/registry/slow.port")"
      echo "export PORTSIDE_TEST_REGISTRY_USER=$REG_USER"
      echo "export PORTSIDE_TEST_REGISTRY_PASSWORD=$REG_PASSWORD"
      continue
    fi
    echo "export $var=unix://$(socket_of "$name")"
    if is_dockerd "$name" && [ -s "$DIR/$name/tls.port" ]; then
      echo "export ${var}_TLS=tcp://127.0.0.1:$(cat "$DIR/$name/tls.port")"
    fi
  done
  [ ! -d "$DIR/certs" ] || echo "export PORTSIDE_TEST_CERTS=$DIR/certs"
  [ ! -d "$DIR/cli" ] || echo "export PORTSIDE_TEST_DOCKER_CONFIG=$DIR/cli"
}

version_of() {
  case $(kind_of "$1") in
    registry) docker-registry --version 2>&1 | awk '{ print $3 }' ;;
    containerd) in_sandbox "$1" containerd --version | awk '{ print $3 }' ;;
    *) timeout 3 curl -s --unix-socket "$(socket_of "$1")" http://d/version |
      sed -n 's/.*"Version":"\([^"]*\)","ApiVersion":"\([^"]*\)".*/\1 (API \2)/p' ;;
  esac
}

cmd_status() {
  local name pid state
  [ -e "$DIR/.portside-engines" ] || {
    echo "nothing in $DIR"
    return 0
  }
  for name in $(known_engines); do
    if pid=$(daemon_pid "$name"); then
      state="up pid $pid"
      case $(awk '/^State/ { print $2 }' "/proc/$pid/status") in
        T) state="frozen pid $pid" ;;
        *) state="$state $(version_of "$name")" ;;
      esac
    else
      state=stopped
    fi
    printf '%-18s %s  %s\n' "$name" "$state" "$(socket_of "$name")"
  done
}

need_running() {
  check_name "$1"
  [ -d "$(home_of "$1")" ] || die "$1 is not up"
}

cmd_images() {
  local name files=() engines=() f port ref tags
  [ -s "$DIR/images/big.tar" ] || "$PYTHON" "$HERE/mkimages.py" "$DIR/images" >/dev/null
  files=("$DIR/images/images.tar")
  for name in "$@"; do
    case $name in
      --big) files+=("$DIR/images/big.tar") ;;
      *) engines+=("$name") ;;
    esac
  done
  [ ${#engines[@]} -gt 0 ] || mapfile -t engines < <(known_engines)
  for name in "${engines[@]}"; do
    case $(kind_of "$name") in
      registry) # always with the big ones: they are there to be pulled
        port=$(cat "$DIR/registry/open.port")
        for f in images big; do
          tags=$(tar -xOf "$DIR/images/$f.tar" manifest.json | grep -o '"portside/[^"]*"' | tr -d '"')
          for ref in $tags; do
            skopeo copy -q --insecure-policy --dest-tls-verify=false "docker-archive:$DIR/images/$f.tar:$ref" \
              "docker://127.0.0.1:$port/$ref" || die "could not push $ref"
          done
        done
        ;;
      containerd)
        for f in "${files[@]}"; do
          in_sandbox "$name" ctr --address "$(socket_of "$name")" -n portside images import "$f" >/dev/null ||
            die "$name: could not import $f"
        done
        ;;
      *)
        for f in "${files[@]}"; do
          api "$name" POST /v1.40/images/load -H 'Content-Type: application/x-tar' -H 'Expect:' \
            -T "$f" -o "$DIR/images/load.log" || die "$name: could not load $f: $(cat "$DIR/images/load.log")"
        done
        ;;
    esac
  done
}

cmd_expose() {
  local name=$1 port=$2 host=${3:-} pid
  pid=$(holder_pid "$name") || die "$name is not up"
  [ -n "$host" ] || host=$(free_port)
  "$PYTHON" "$HERE/nsrun.py" --cgroup "$(tag)/$name" --log "$(home_of "$name")/relay.log" \
    -- "$PYTHON" "$HERE/relay.py" "127.0.0.1:$host" "ns:$pid@127.0.0.1:$port" 9>&- &
  wait_for 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$host" || die "could not listen on 127.0.0.1:$host"
  echo "127.0.0.1:$host"
}

lock() { # one such command at a time in one DIR
  [ -d "$DIR" ] || [ "$cmd" = up ] || return 0
  while :; do
    mkdir -p "$DIR"
    exec 9>>"$DIR/.lock"
    flock 9
    [ ! "$DIR/.lock" -ef /dev/fd/9 ] || return 0 # else a `down` has removed it meanwhile
  done
}

main() {
  local args=() cmd
  while [ $# -gt 0 ]; do
    case $1 in
      --dir) DIR=$2 && shift 2 ;;
      --dir=*) DIR=${1#--dir=} && shift ;;
      --live-restore) LIVE_RESTORE=1 && shift ;;
      run) # what follows belongs to the command
        args+=("$@")
        break
        ;;
      *) args+=("$1") && shift ;;
    esac
  done
  set -- "${args[@]}"
  cmd=${1:-help}
  [ $# -eq 0 ] || shift
  case $DIR in /*) ;; *) DIR=$PWD/$DIR ;; esac
  case $DIR in /run/* | /var/run/* | /etc/* | /usr/* | /sys/* | /proc/* | /dev/* | *[[:space:]]*) die "not a usable --dir: $DIR" ;; esac
  [ ${#DIR} -le 50 ] || die "--dir $DIR is longer than 50 characters (unix socket names are limited to 108)"
  case $cmd in
    up | down | start | stop | restart | images) lock ;;
  esac
  case $cmd in
    install) cmd_install "$@" ;;
    missing) cmd_missing "$@" ;;
    up) cmd_up "$@" ;;
    down) cmd_down "$@" ;;
    env) cmd_env ;;
    status) cmd_status ;;
    start) need_running "$1" && start_daemon "$1" ;;
    stop) need_running "$1" && stop_daemon "$1" ;;
    restart) need_running "$1" && stop_daemon "$1" && start_daemon "$1" ;;
    kill) need_running "$1" && kill_daemon "$1" ;;
    freeze) need_running "$1" && kill -STOP "$(daemon_pid "$1")" ;;
    thaw) need_running "$1" && kill -CONT "$(daemon_pid "$1")" ;;
    images) cmd_images "$@" ;;
    populate) need_running "$1" && exec "$PYTHON" "$HERE/populate.py" "$(socket_of "$1")" "${@:2}" ;;
    unpopulate) need_running "$1" && exec "$PYTHON" "$HERE/populate.py" "$(socket_of "$1")" 0 --remove ;;
    run)
      need_running "$1"
      trap - ERR
      in_sandbox "$@"
      ;;
    expose) need_running "$1" && cmd_expose "$@" ;;
    log) need_running "$1" && echo "$(home_of "$1")/daemon.log" ;;
    help | -h | --help) usage ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
}

main "$@"
