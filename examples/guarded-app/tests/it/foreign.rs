//! The program's environment loads what is not the program's.

use serde_json::json;

use crate::product::{Product, compile};
use crate::running::Running;
use crate::vendor::{BOTH, Vendor};

/// One variable of each kind that a profiler is switched on with.
const PROFILERS: [(&str, &str); 10] = [
    ("COR_ENABLE_PROFILING", "1"),
    ("CORECLR_ENABLE_PROFILING", "1"),
    ("COR_PROFILER", "{846F5F1C-F9AE-4B07-969E-05C26BC060D8}"),
    ("CORECLR_PROFILER_PATH", "/opt/profiler.so"),
    ("MicrosoftInstrumentationEngine_LogLevel", "Errors"),
    ("COMPlus_EnableEventPipe", "1"),
    ("DOTNET_STARTUP_HOOKS", "/opt/hook.dll"),
    ("DD_DOTNET_TRACER_HOME", "/opt/datadog"),
    ("CORECLR_NEWRELIC_HOME", "/usr/local/newrelic"),
    ("NEWRELIC_PROFILER_LOG_DIRECTORY", "/var/log"),
];

#[test]
fn a_foreign_library_that_is_loaded_first_ends_the_rights() {
    let vendor = Vendor::new();
    for fail in BOTH {
        let product = Product::activated(&vendor, &json!({ "fail": fail, "anti_tamper": {} }));
        let hook = product.path("libhook.so");
        compile("int hook(void) { return 1; }", &hook);
        let mut command = product.command(&[]);
        command.env("LD_PRELOAD", &hook);
        let mut running = Running::start(command);
        running.is_free("tamper_detected");
        running.event("[AntiTamper] preload: LD_PRELOAD loads ");
        running.quit();
        product.start().is_full();
    }
}

#[test]
fn each_profilers_variable_ends_the_rights() {
    let vendor = Vendor::new();
    for fail in BOTH {
        let product = Product::activated(&vendor, &json!({ "fail": fail, "anti_tamper": {} }));
        for (name, value) in PROFILERS {
            let mut command = product.command(&[]);
            command.env(name, value);
            let mut running = Running::start(command);
            running.is_free("tamper_detected");
            running.event(&format!("[AntiTamper] profiler: the variable {name} is set"));
            running.quit();
        }
        product.start().is_full();
    }
}

#[test]
fn a_monitoring_agent_that_the_license_allows_takes_nothing() {
    let vendor = Vendor::new();
    let allows = json!({ "fail": "hard", "anti_tamper": { "agents": ["datadog"] } });
    let product = Product::activated(&vendor, &allows);
    let mut command = product.command(&[]);
    command.env("DD_DOTNET_TRACER_HOME", "/opt/datadog");
    Running::start(command).is_full();
}
