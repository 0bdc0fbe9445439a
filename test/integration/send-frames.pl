#!/usr/bin/perl
# send-frames.pl INTERFACE HEX...: puts Ethernet frames on an interface as they are (packet(7)).
use strict;
use warnings;

my ($interface, @frames) = @ARGV;
my ($packet_family, $raw, $all) = (17, 3, 0x0003);
socket(my $socket, $packet_family, $raw, unpack('n', pack('S', $all))) or die "socket: $!\n";
my $request = pack('a16 x24', $interface);
ioctl($socket, 0x8933, $request) or die "$interface: $!\n"; # SIOCGIFINDEX
my $index = unpack('x16 i', $request);
for my $frame (map { pack('H*', $_) } @frames) {
  my $address = pack('S n i S C C a8', $packet_family, $all, $index, 0, 0, 6, substr($frame, 0, 6));
  send($socket, $frame, 0, $address) // die "send: $!\n";
}
