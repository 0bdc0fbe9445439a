# What U-Boot runs: kernel and initramfs from wherever this script came from (serverip is set by DHCP).
# The kernel is compressed, because TFTP is the slow part of the boot. 1468: the largest block in an Ethernet frame.
setenv tftpblocksize 1468
setenv kernel_comp_addr_r 0x44000000
setenv kernel_comp_size 0x4000000
# cryptomgr.notests: the kernel's self-tests of its ciphers take a quarter of a second on an emulated board.
setenv bootargs console=ttyAMA0,115200 panic=5 quiet cryptomgr.notests
tftpboot 0x50000000 initramfs.gz
setenv initramfs_size $filesize
tftpboot 0x40400000 Image.gz
booti 0x40400000 0x50000000:$initramfs_size $fdtcontroladdr
