use redis::Script;

/// A script with what it begins with. Those that end something, or make place, run while the memory of the server is full. All of them write, and so are refused by replicas.
macro_rules! script {
    ($head:literal, $($part:literal),+) => {
        Script::new(concat!($head, "\n", $(include_str!(concat!("lua/", $part, ".lua")), "\n"),+))
    };
}

/// What is done on the server, each in one step.
pub(crate) struct Scripts {
    pub(crate) append: Script,
    pub(crate) create: Script,
    pub(crate) find: Script,
    pub(crate) list: Script,
    pub(crate) probe: Script,
    pub(crate) purge: Script,
    pub(crate) read: Script,
    pub(crate) revoke: Script,
    pub(crate) revoke_subject: Script,
    pub(crate) rotate: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            append: script!("#!lua flags=allow-oom", "time", "append"),
            create: script!("#!lua", "time", "session", "create"),
            find: script!("#!lua flags=allow-oom", "time", "session", "find"),
            list: script!("#!lua flags=allow-oom", "time", "session", "after", "list"),
            probe: script!("#!lua", "probe"),
            purge: script!("#!lua flags=allow-oom", "time", "session", "purge"),
            read: script!("", "after", "read"),
            revoke: script!("#!lua flags=allow-oom", "time", "session", "revoke"),
            revoke_subject: script!(
                "#!lua flags=allow-oom",
                "time",
                "session",
                "after",
                "revoke_subject"
            ),
            rotate: script!("#!lua flags=allow-oom", "time", "session", "rotate"),
        }
    }
}
