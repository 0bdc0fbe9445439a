#!/usr/bin/perl
# pin-namespaces.pl make|make-nesting|use UID_BASE UNSHARE_NR MOUNT_NR USER_PIN NET_PIN KEY=VALUE,... [SOURCE TARGET FLAG,FLAG...]...
#
# `make`: makes a user namespace that maps 65,536 uids and gids from UID_BASE on, and a network namespace that it owns,
# sets each KEY of /proc/sys/net there, and keeps both by bind mounts; `make-nesting` lets some user namespaces be made inside
# it. `use`: takes the user namespace that is pinned already. Then binds each SOURCE on TARGET with
# the flags ro, nosuid, nodev, noexec, and `idmap`: uid 0 of SOURCE is then uid 0 of the user namespace.
#
# Needs perl-base alone: Debian 12's unshare and mount can neither map a range for a pinned namespace nor make an idmapped
# mount. UNSHARE_NR and MOUNT_NR are the system calls' numbers, which differ among machines; 428, 429 and 442 do not.
use strict;
use warnings;

my ($mode, $base, $unshare, $mount, $user_pin, $net_pin, $settings, @binds) = @ARGV;

use constant {
  CLONE_NEWUSER_NEWNET => 0x10000000 | 0x40000000,
  MS_BIND              => 4096,
  OPEN_TREE            => 428,
  MOVE_MOUNT           => 429,
  MOUNT_SETATTR        => 442,
  AT_FDCWD             => -100,
  AT_EMPTY_PATH        => 0x1000,
  OPEN_TREE_CLONE_CLOEXEC => 1 | 02000000,
  MOVE_MOUNT_F_EMPTY_PATH => 4,
  MOUNT_ATTR_IDMAP     => 0x100000,
};
my %attributes = (ro => 1, nosuid => 2, nodev => 4, noexec => 8, idmap => MOUNT_ATTR_IDMAP);
use constant MOUNT_ATTR_NOSYMFOLLOW => 0x200000;

sub put {
  my ($path, $text) = @_;
  open(my $file, '>', $path) or die "$path: $!\n";
  syswrite($file, $text) // die "$path: $!\n";
}

sub pin {
  my ($source, $target) = @_;
  open(my $file, '>>', $target) or die "$target: $!\n";
  close $file;
  my $none = '';
  syscall($mount, $source, $target, $none, MS_BIND, 0) == 0 or die "bind $target: $!\n";
}

if ($mode ne 'use') {
  pipe(my $from_child, my $to_parent) or die "pipe: $!\n";
  pipe(my $from_parent, my $to_child) or die "pipe: $!\n";
  my $child = fork() // die "fork: $!\n";
  if (!$child) {
    close $from_child;
    close $to_child;
    # user_namespaces(7): what a user namespace takes of inotify instances, queued signals, message queues and namespaces is
    # also counted for the user who made it. Made by root, one jail could take what all jails and the host have of these. That
    # user has all rights over it, so it is one who has no process outside of it: the last of the jail's own.
    my $owner = $base + 65535;
    $> = $owner;
    $> == $owner or die "uid $owner: $!\n";
    syscall($unshare, CLONE_NEWUSER_NEWNET) == 0 or die "unshare: $!\n";
    syswrite $to_parent, 'x';
    sysread($from_parent, my $go, 1) or exit 1;
    # No namespaces inside the jail's, unless asked: they would give back capabilities that the jail was not given. Only
    # CAP_SYS_RESOURCE, which the jail does not have, could set this again.
    put('/proc/sys/user/max_user_namespaces', $mode eq 'make' ? "0\n" : "64\n");
    # Each network namespace has its own, and shows them to none but those in it.
    put("/proc/sys/net/$1", "$2\n") while $settings =~ /([^=,]+)=([^,]+)/g;
    syswrite $to_parent, 'x';
    sysread($from_parent, $go, 1);
    exit 0;
  }
  close $to_parent;
  close $from_parent;
  sysread($from_child, my $ready, 1) or die "no namespaces\n";
  put("/proc/$child/$_", "0 $base 65536\n") for 'uid_map', 'gid_map';
  syswrite $to_child, 'x';
  sysread($from_child, $ready, 1) or die "the namespaces could not be set up\n";
  pin("/proc/$child/ns/user", $user_pin);
  pin("/proc/$child/ns/net", $net_pin);
  close $to_child;
  waitpid $child, 0;
}

open(my $user, '<', $user_pin) or die "$user_pin: $!\n";
while (my ($source, $target, $flags) = splice(@binds, 0, 3)) {
  my $tree = syscall(OPEN_TREE, AT_FDCWD, $source, OPEN_TREE_CLONE_CLOEXEC);
  die "open_tree $source: $!\n" if $tree < 0;
  my $set = 0;
  $set |= $attributes{$_} // die "no flag $_\n" for split /,/, $flags;
  # struct mount_attr: attr_set, attr_clr, propagation, userns_fd
  # In the jail's view of a mount that follows no links on the host, it follows them: they end in the jail.
  my $attr = pack('Q4', $set, MOUNT_ATTR_NOSYMFOLLOW, 0, $set & MOUNT_ATTR_IDMAP ? fileno($user) : 0);
  my $empty = '';
  syscall(MOUNT_SETATTR, $tree, $empty, AT_EMPTY_PATH, $attr, length $attr) == 0 or die "mount_setattr $source: $!\n";
  syscall(MOVE_MOUNT, $tree, $empty, AT_FDCWD, $target, MOVE_MOUNT_F_EMPTY_PATH) == 0 or die "move_mount $target: $!\n";
}
