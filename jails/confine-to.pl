#!/usr/bin/perl
# confine-to.pl SETNS_NR MOUNT_NR PIVOT_ROOT_NR UMOUNT_NR PID PATH
#
# Makes the mount at PATH all that the processes in the mount namespace of PID see: it keeps its path, in a root that has
# nothing else in it and is read-only. All other mounts are detached; what the processes have open stays open. The numbers
# are those of setns(2), mount(2), pivot_root(2) and umount2(2): the system calls are made here, so that no program of that
# namespace is run.
use strict;
use warnings;

my ($setns, $mount, $pivot_root, $umount, $pid, $path) = @ARGV;
use constant {
  CLONE_NEWNS                   => 0x20000,
  MS_RDONLY_NOSUID_NODEV_NOEXEC => 1 | 2 | 4 | 8,
  MS_REMOUNT_BIND               => 32 | 4096,
  MS_MOVE                       => 8192,
  MNT_DETACH                    => 2,
};
# Where the new root is put together: an empty folder of the old one.
my $root = '/mnt';
my ($tmpfs, $options, $none, $here) = ('tmpfs', 'mode=755,size=64k', '', '.');

open(my $namespace, '<', "/proc/$pid/ns/mnt") or die "mount namespace of $pid: $!\n";
syscall($setns, fileno($namespace), CLONE_NEWNS) == 0 or die "setns: $!\n";
syscall($mount, $tmpfs, $root, $tmpfs, 0, $options) == 0 or die "tmpfs: $!\n";
my $target = $root;
for my $name (grep { length } split(/\//, $path)) {
  $target .= "/$name";
  mkdir $target or die "$target: $!\n";
}
syscall($mount, $path, $target, $none, MS_MOVE, 0) == 0 or die "move $path: $!\n";
syscall($mount, $none, $root, $none, MS_REMOUNT_BIND | MS_RDONLY_NOSUID_NODEV_NOEXEC, 0) == 0 or die "remount: $!\n";
chdir $root or die "$root: $!\n";
# pivot_root(2): with both the same, the old root is stacked upon the new one, from where it is taken away.
my $old = '.';
syscall($pivot_root, $here, $old) == 0 or die "pivot_root: $!\n";
syscall($umount, $here, MNT_DETACH) == 0 or die "umount: $!\n";
