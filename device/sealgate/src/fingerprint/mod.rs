//! What the program tells about its machine, part by part (`spec/online.md` §10).

mod linux;
mod machine;

use machine::{Machine, ThisMachine};
use sealgate_artifact::{AppId, Word};
use sealgate_rules::{Component, ComponentFingerprint};

use crate::Trust;

/// What a program with [`Builder::machine_fingerprint`](crate::Builder::machine_fingerprint) says of this machine, to be shown to
/// people. It proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MachineFingerprint {
    /// What is sent; `None` where too little is known of the machine.
    pub sent: Option<String>,
    /// The parts, each by its name and whether it was found.
    pub parts: Vec<(&'static str, bool)>,
}

impl MachineFingerprint {
    /// This machine, for the app of that build.
    pub fn read(trust: &Trust) -> Self {
        let says = |part| if cfg!(target_os = "linux") { linux::component(&ThisMachine, part) } else { None };
        let found = |part: Component| {
            let alone =
                ComponentFingerprint::of(trust.app(), |other| if other == part { says(part) } else { None });
            (part.as_str(), alone != ComponentFingerprint::of(trust.app(), |_| None))
        };
        Self {
            sent: machine_fingerprint(trust.app()).map(|word| word.as_str().to_owned()),
            parts: Component::ALL.map(found).to_vec(),
        }
    }
}

/// The fingerprint of this machine for that app; `None` where too little is known of it.
pub(crate) fn machine_fingerprint(app: AppId) -> Option<Word> {
    // spec/online.md §10.3: "On Windows and macOS all of them are absent for now."
    if cfg!(target_os = "linux") { fingerprint(&ThisMachine, app) } else { None }
}

fn fingerprint(machine: &impl Machine, app: AppId) -> Option<Word> {
    let parts = ComponentFingerprint::of(app, |part| linux::component(machine, part));
    // spec/online.md §10.5: "a client sends none in its place".
    if parts.names_a_machine() { Word::parse(&parts.to_string()) } else { None }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sealgate_artifact::AppId;
    use sealgate_rules::{Component, ComponentFingerprint, likeness};

    use super::machine::Machine;
    use super::{fingerprint, linux, machine_fingerprint};

    /// A machine that is written down: files with their text, and links.
    #[derive(Clone, Default)]
    struct Written {
        files: BTreeMap<&'static str, &'static str>,
        links: BTreeMap<&'static str, &'static str>,
    }

    impl Machine for Written {
        fn text(&self, path: &str) -> Option<String> {
            // As the system does it, through the one link on the way.
            let real = self.links.iter().find_map(|(link, target)| {
                path.strip_prefix(link)
                    .filter(|rest| rest.starts_with('/'))
                    .map(|rest| format!("{target}{rest}"))
            });
            let text = self.files.get(path).or_else(|| self.files.get(&*real?));
            text.map(|text| (*text).to_owned())
        }

        fn names(&self, folder: &str) -> Vec<String> {
            let all = self.files.keys().chain(self.links.keys());
            let below = all.filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
            let names: std::collections::BTreeSet<&str> =
                below.filter_map(|rest| rest.split('/').next()).collect();
            names.into_iter().map(str::to_owned).collect()
        }

        fn target(&self, path: &str) -> Option<String> {
            self.links.get(path).map(|target| (*target).to_owned())
        }
    }

    impl Written {
        fn with(mut self, path: &'static str, text: &'static str) -> Self {
            self.files.insert(path, text);
            self
        }

        fn without(mut self, path: &'static str) -> Self {
            assert!(self.files.remove(path).is_some(), "{path}");
            self
        }

        fn says(&self, part: Component) -> Option<String> {
            linux::component(self, part)
        }
    }

    fn app() -> AppId {
        AppId::parse("01234567-89ab-7def-8123-456789abcdef").expect("an identifier")
    }

    const WWID: &str = "/sys/devices/pci0000:00/0000:00:1d.0/nvme/nvme0/nvme0n1/wwid";

    /// A laptop with an encrypted disk, a card of its own and one on USB, as a program that is not root sees it.
    fn laptop() -> Written {
        let files = [
            ("/etc/machine-id", "b08dfa6083e7567a1921a715000001fb\n"),
            (
                "/proc/self/mountinfo",
                "22 1 0:21 / /proc rw - proc proc rw\n30 1 253:1 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw\n",
            ),
            (WWID, "eui.0025385b71b0c8a1\n"),
            ("/sys/class/net/eth0/type", "1\n"),
            ("/sys/class/net/eth0/addr_assign_type", "0\n"),
            ("/sys/class/net/eth0/address", "54:E1:AD:11:22:33\n"),
            ("/sys/class/net/usb0/type", "1\n"),
            ("/sys/class/net/usb0/addr_assign_type", "0\n"),
            ("/sys/class/net/usb0/address", "00:e0:4c:68:01:02\n"),
            ("/sys/class/net/wlan0/type", "1\n"),
            ("/sys/class/net/wlan0/addr_assign_type", "3\n"),
            ("/sys/class/net/wlan0/address", "02:aa:bb:cc:dd:ee\n"),
            ("/sys/class/net/docker0/type", "1\n"),
            ("/sys/class/net/docker0/addr_assign_type", "0\n"),
            ("/sys/class/net/docker0/address", "02:42:ac:11:00:01\n"),
            ("/sys/class/net/lo/type", "772\n"),
            ("/sys/class/net/lo/address", "00:00:00:00:00:00\n"),
            (
                "/proc/cpuinfo",
                "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 142\nmodel name\t: Intel(R) Core(TM) i7\n\
                 stepping\t: 10\n\nprocessor\t: 1\nmodel name\t: another\n",
            ),
        ];
        let links = [
            ("/dev/mapper/vg-root", "/dev/dm-1"),
            ("/sys/class/block/dm-1/slaves/dm-0", "/sys/devices/virtual/block/dm-0"),
            (
                "/sys/class/block/dm-0/slaves/nvme0n1p3",
                "/sys/devices/pci0000:00/0000:00:1d.0/nvme/nvme0/nvme0n1/nvme0n1p3",
            ),
            (
                "/sys/class/block/nvme0n1p3",
                "/sys/devices/pci0000:00/0000:00:1d.0/nvme/nvme0/nvme0n1/nvme0n1p3",
            ),
            ("/sys/class/net/eth0/device", "/sys/devices/pci0000:00/0000:00:1f.6"),
            ("/sys/class/net/usb0/device", "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-3/1-3:1.0"),
            ("/sys/class/net/wlan0/device", "/sys/devices/pci0000:00/0000:00:14.3"),
        ];
        Written { files: files.into(), links: links.into() }
    }

    #[test]
    fn a_laptop_says_its_parts() {
        let laptop = laptop();
        let said = Component::ALL.map(|part| laptop.says(part));
        let said = said.each_ref().map(|text| text.as_deref().map(str::trim));
        assert_eq!(
            said,
            [
                Some("b08dfa6083e7567a1921a715000001fb"),
                None,
                None,
                Some("eui.0025385b71b0c8a1"),
                Some("54:e1:ad:11:22:33"),
                Some("GenuineIntel/6/142/Intel(R) Core(TM) i7"),
            ]
        );
    }

    #[test]
    fn what_root_may_read_is_added() {
        let root = laptop()
            .with("/sys/class/dmi/id/product_uuid", "4C4C4544-0051-3610-8052-B4C04F303132\n")
            .with("/sys/class/dmi/id/board_serial", "/6QHZ2/CN1296399R0012/\n");
        let (all, some) = (fingerprint(&root, app()), fingerprint(&laptop(), app()));
        let (all, some) = (all.expect("known"), some.expect("known"));
        assert_eq!(likeness(all.as_str(), some.as_str()), 4, "the same machine, with and without root");
    }

    #[test]
    fn one_part_of_four_may_be_replaced() {
        let before = fingerprint(&laptop(), app()).expect("known");
        let like =
            |after: &Written| likeness(before.as_str(), fingerprint(after, app()).expect("known").as_str());
        let installed = laptop().with("/etc/machine-id", "1111fa6083e7567a1921a715000001fb\n");
        let disk = laptop().with(WWID, "eui.0025385b71b0ffff\n");
        let card = laptop().with("/sys/class/net/eth0/address", "54:e1:ad:99:99:99\n");
        assert_eq!([like(&installed), like(&disk), like(&card)], [3, 3, 3]);
        let both = installed.with(WWID, "eui.0025385b71b0ffff\n");
        assert_eq!(like(&both), 0);
    }

    #[test]
    fn a_container_shows_no_parts_of_its_host() {
        for (path, text) in [
            ("/.dockerenv", ""),
            ("/run/.containerenv", ""),
            ("/run/systemd/container", "lxc"),
            ("/proc/self/mountinfo", "30 1 0:50 / / rw - overlay overlay rw,lowerdir=/a\n"),
        ] {
            let container = laptop().with(path, text).with("/sys/class/dmi/id/product_uuid", "4C4C4544-0051");
            let shown = Component::ALL.map(|part| container.says(part).is_some());
            assert_eq!(shown, [true, false, false, false, false, true], "{path}");
            assert_eq!(fingerprint(&container, app()), None, "{path}");
        }
        assert_eq!(fingerprint(&Written::default(), app()), None);
    }

    #[test]
    fn parts_are_found_in_other_places_too() {
        let board = Written::default()
            .with("/var/lib/dbus/machine-id", "c08dfa6083e7567a1921a715000001fb\n")
            .with("/sys/firmware/devicetree/base/serial-number", "10000000a1b2c3d4\0")
            .with("/proc/self/mountinfo", "25 1 179:2 / / rw - ext4 /dev/root rw\n")
            .with("/sys/devices/mmc0/block/mmcblk0/device/serial", "0x1b2c3d4e\n")
            .with("/proc/cpuinfo", "processor: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant: 0x0\nCPU part\t: 0xd08\n");
        let links = [
            ("/sys/dev/block/179:2", "/sys/devices/mmc0/block/mmcblk0/mmcblk0p2"),
            ("/sys/class/block/mmcblk0p2", "/sys/devices/mmc0/block/mmcblk0/mmcblk0p2"),
        ];
        let board = Written { links: links.into(), ..board };
        assert_eq!(board.says(Component::Disk).as_deref(), Some("0x1b2c3d4e\n"));
        assert_eq!(board.says(Component::Cpu).as_deref(), Some("0x41/8/0x0/0xd08"));
        assert_eq!(board.says(Component::Product).as_deref(), Some("10000000a1b2c3d4\0"));
        let parts = ComponentFingerprint::parse(fingerprint(&board, app()).expect("known").as_str());
        assert!(parts.is_some_and(|parts| parts.names_a_machine()));
        assert_eq!(fingerprint(&board.clone().without("/proc/cpuinfo"), app()).map(|_| ()), Some(()));
    }

    #[test]
    fn of_several_drives_the_lowest_counts_whatever_they_are_called() {
        let raid = |first: &'static str, second: &'static str| Written {
            files: [
                ("/proc/self/mountinfo", "25 1 9:0 / / rw - ext4 /dev/md0 rw\n"),
                ("/sys/devices/a/block/sda/device/wwid", first),
                ("/sys/devices/b/block/sdb/device/wwid", second),
            ]
            .into(),
            links: [
                ("/dev/md0", "/dev/md0"),
                ("/sys/class/block/md0/slaves/sda1", "/sys/devices/a/block/sda/sda1"),
                ("/sys/class/block/md0/slaves/sdb1", "/sys/devices/b/block/sdb/sdb1"),
                ("/sys/class/block/sda1", "/sys/devices/a/block/sda/sda1"),
                ("/sys/class/block/sdb1", "/sys/devices/b/block/sdb/sdb1"),
            ]
            .into(),
        };
        let (one, two) = (raid("naa.1", "naa.2"), raid("naa.2", "naa.1"));
        assert_eq!(one.says(Component::Disk).as_deref(), Some("naa.1"));
        assert_eq!(two.says(Component::Disk), one.says(Component::Disk));
    }

    #[test]
    fn this_machine_says_the_same_twice() {
        let said = machine_fingerprint(app());
        assert_eq!(said, machine_fingerprint(app()));
        assert!(said.is_none_or(|text| likeness(text.as_str(), text.as_str()) >= 3));
    }
}
