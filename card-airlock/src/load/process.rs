//! What the system knows about a process, from Linux's `/proc`. On other systems nothing is known.

use std::{fs, time::Duration};

/// The time in `/proc` is counted in hundredths of a second on every architecture (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// CPU time so far, user and system, all threads.
pub(super) fn cpu_time(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything; the fields after it are numbers (man proc_pid_stat, 14 and 15).
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map_while(|field| field.parse::<u32>().ok());
    Some(TICK * times.next()?.checked_add(times.next()?)?)
}

/// The most memory it ever had, in KiB (`VmHWM`).
pub(super) fn peak_memory_kib(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.split_whitespace().next()?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_process_that_works_has_cpu_time_and_memory() {
        let me = std::process::id();
        let (before, begun) = (cpu_time(me).unwrap(), Instant::now());
        while cpu_time(me).unwrap() < before + Duration::from_millis(50) {
            assert!(begun.elapsed() < Duration::from_secs(60), "no CPU time passes");
        }
        assert!(peak_memory_kib(me).unwrap() > 1000);
        assert_eq!((cpu_time(0), peak_memory_kib(0)), (None, None));
    }
}
