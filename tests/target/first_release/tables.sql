BEGIN TRANSACTION;
CREATE TABLE opt_outs (
	account TEXT NOT NULL,
	channel TEXT NOT NULL,
	address BLOB NOT NULL,
	PRIMARY KEY (account, channel, address)
)
 WITHOUT ROWID

;
CREATE TABLE records (
	account TEXT NOT NULL,
	source TEXT NOT NULL,
	stream TEXT NOT NULL,
	source_key TEXT NOT NULL,
	outcome TEXT NOT NULL,
	action TEXT,
	seen BLOB,
	fingerprint BLOB,
	tried BLOB,
	behaviour BLOB,
	vendor_id TEXT,
	channels TEXT,
	attempts INTEGER NOT NULL,
	retry TEXT,
	reason TEXT,
	words TEXT,
	record BLOB,
	run INTEGER NOT NULL,
	at FLOAT NOT NULL,
	PRIMARY KEY (account, source, stream, source_key)
)
 WITHOUT ROWID

;
CREATE TABLE runs (
	run INTEGER NOT NULL,
	account TEXT NOT NULL,
	source TEXT NOT NULL,
	started FLOAT NOT NULL,
	ended FLOAT,
	code INTEGER,
	summary TEXT,
	PRIMARY KEY (run)
);
CREATE INDEX records_by_vendor_id ON records (account, stream, vendor_id);
CREATE INDEX records_open ON records (account, source, outcome) WHERE outcome != 'ok';
COMMIT;
