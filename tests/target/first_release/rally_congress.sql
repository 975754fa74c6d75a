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
INSERT INTO "records" VALUES('test','default','supporters','1','ok',NULL,X'A433590E07A0C25EA172B8F37B1B505C',X'68EE0EBD037D177937201EBE7D831C71',NULL,NULL,'1001','email',0,NULL,NULL,NULL,NULL,1,1735689600.0);
INSERT INTO "records" VALUES('test','default','supporters','2','rejected',NULL,NULL,NULL,X'1DF469AB5A63EDCA72DF691D88B2F185',X'82C9D3117CCB5CE04A6258F59DF80522',NULL,NULL,1,'change','invalid record','does not fit the schema: first_name: Type',X'7B226964223A2232222C2266697273745F6E616D65223A377D',1,1735689600.0);
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
INSERT INTO "runs" VALUES(1,'test','default',1735689600.0,1735689600.0,3,'{"code":3,"stopped":null,"vendor":"rally_congress","account":"test","source":"default","run":1,"dry_run":false,"calls":2,"refused_429":0,"in_journal":{"rejected":1},"started":1735689600.0,"seconds":0.21,"streams":{"supporters":{"read":2,"created":1,"updated":0,"deleted":0,"unchanged":0,"skipped":0,"rejected":1,"standing":0,"unknown":0,"rejected_by":{"invalid record":1},"consent_by":{"email defaulted":1}}}}');
CREATE INDEX records_open ON records (account, source, outcome) WHERE outcome != 'ok';
CREATE INDEX records_by_vendor_id ON records (account, stream, vendor_id);
COMMIT;
