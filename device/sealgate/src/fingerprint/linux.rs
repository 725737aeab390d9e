//! Where Linux shows the parts of a machine (`spec/online.md` §10.3).

use sealgate_rules::Component;

use super::machine::Machine;

const CONTAINERS: [&str; 3] = ["/.dockerenv", "/run/.containerenv", "/run/systemd/container"];
const LAYERED: [&str; 2] = ["overlay", "aufs"];
/// How deep partitions, encryption and volumes lie on each other at most. Blocks a circle of links.
const LAYERS: usize = 8;
const CPU: [&str; 8] = [
    "vendor_id",
    "cpu family",
    "model",
    "model name",
    "CPU implementer",
    "CPU architecture",
    "CPU variant",
    "CPU part",
];

/// What the machine says of one of its parts.
pub(super) fn component(machine: &impl Machine, part: Component) -> Option<String> {
    // spec/online.md §10.3: "the rest is the host's".
    let is_hosts = !matches!(part, Component::Machine | Component::Cpu);
    if is_hosts && is_container(machine) {
        return None;
    }
    match part {
        Component::Machine => first(machine, &["/etc/machine-id", "/var/lib/dbus/machine-id"]),
        Component::Product => {
            first(machine, &["/sys/class/dmi/id/product_uuid", "/sys/firmware/devicetree/base/serial-number"])
        }
        Component::Board => first(machine, &["/sys/class/dmi/id/board_serial"]),
        Component::Disk => disk(machine),
        Component::Network => network(machine),
        Component::Cpu => cpu(machine),
    }
}

fn is_container(machine: &impl Machine) -> bool {
    let is_layered = |root: Root| LAYERED.contains(&&*root.file_system);
    CONTAINERS.iter().any(|path| machine.text(path).is_some()) || root(machine).is_some_and(is_layered)
}

/// The first of these files that says something.
fn first<P: AsRef<str>>(machine: &impl Machine, paths: &[P]) -> Option<String> {
    let mut said = paths.iter().filter_map(|path| machine.text(path.as_ref()));
    said.find(|text| !text.trim().is_empty())
}

/// The file system at `/`.
struct Root {
    /// Its device, as in `8:2`.
    device: String,
    file_system: String,
    source: String,
}

fn root(machine: &impl Machine) -> Option<Root> {
    let mounts = machine.text("/proc/self/mountinfo")?;
    // What was mounted last is what is seen.
    mounts.lines().rev().find_map(|line| {
        let (mount, source) = line.split_once(" - ")?;
        let (mut mount, mut source) = (mount.split(' ').skip(2), source.split(' '));
        let (device, place) = (mount.next()?, mount.nth(1)?);
        let root = Root {
            device: device.to_owned(),
            file_system: source.next()?.to_owned(),
            source: source.next()?.to_owned(),
        };
        (place == "/").then_some(root)
    })
}

/// The drive below the root file system; of several, as of a RAID, the lowest: their names change from start to start.
fn disk(machine: &impl Machine) -> Option<String> {
    let root = root(machine)?;
    let device = machine.target(&root.source).filter(|path| path.starts_with("/dev/"));
    let device = device.or_else(|| machine.target(&format!("/sys/dev/block/{}", root.device)))?;
    drives(machine, name(&device), LAYERS).iter().filter_map(|drive| drive_id(machine, drive)).min()
}

fn drives(machine: &impl Machine, block: &str, layers: usize) -> Vec<String> {
    let below = machine.names(&format!("/sys/class/block/{block}/slaves"));
    if below.is_empty() || layers == 0 {
        return vec![block.to_owned()];
    }
    below.iter().flat_map(|block| drives(machine, block, layers - 1)).collect()
}

/// What its maker calls a drive, or the drive of a partition.
fn drive_id(machine: &impl Machine, block: &str) -> Option<String> {
    let path = machine.target(&format!("/sys/class/block/{block}"))?;
    let (whole, _) = path.rsplit_once('/')?;
    let files = ["wwid", "device/wwid", "serial", "device/serial"];
    let of = |folder: &str| files.map(|file| format!("{folder}/{file}"));
    first(machine, &[of(&path), of(whole)].concat())
}

/// The lowest address that a card has from its maker. What hangs on USB is unplugged and lent.
fn network(machine: &impl Machine) -> Option<String> {
    let address = |card: String| {
        let file = |name: &str| machine.text(&format!("/sys/class/net/{card}/{name}"));
        let says = |name: &str, text: &str| file(name).is_some_and(|said| said.trim() == text);
        let place = machine.target(&format!("/sys/class/net/{card}/device"))?;
        let is_built_in = !place.contains("/usb") && says("type", "1") && says("addr_assign_type", "0");
        let address = file("address")?.trim().to_ascii_lowercase();
        let is_known = address.chars().any(|c| !matches!(c, '0' | ':'));
        (is_built_in && is_known).then_some(address)
    };
    machine.names("/sys/class/net").into_iter().filter_map(address).min()
}

fn cpu(machine: &impl Machine) -> Option<String> {
    let text = machine.text("/proc/cpuinfo")?;
    let lines = text.lines().take_while(|line| !line.trim().is_empty());
    let said: Vec<(&str, &str)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let value = |wanted: &&str| said.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
    let model: Vec<&str> = CPU.iter().filter_map(value).collect();
    (!model.is_empty()).then(|| model.join("/"))
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}
