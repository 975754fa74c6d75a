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
INSERT INTO "records" VALUES('test','default','profiles','1','ok',NULL,X'2AE7017A5B9B64109C634BEA5A1A04A5',X'FED8DFF7AB4AA8C5A49E9DA802EDD587',NULL,NULL,'1',NULL,0,NULL,NULL,NULL,NULL,1,1735689600.0);
INSERT INTO "records" VALUES('test','default','profiles','2','rejected',NULL,NULL,NULL,X'4EA1E838B3B981263EDEC5DCFC245B50',X'CC5035BF7F814596714C99949C7CF294',NULL,NULL,1,'change','invalid record','does not fit the schema: first_name: Type',X'7B226964223A2232222C2266697273745F6E616D65223A377D',1,1735689600.0);
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
INSERT INTO "runs" VALUES(1,'test','default',1735689600.0,1735689600.0,3,'{"code":3,"stopped":null,"vendor":"crowdskout","account":"test","source":"default","run":1,"dry_run":false,"calls":1,"refused_429":0,"in_journal":{"rejected":1},"started":1735689600.0,"seconds":0.23,"streams":{"profiles":{"read":2,"created":1,"updated":0,"deleted":0,"unchanged":0,"skipped":0,"rejected":1,"standing":0,"unknown":0,"rejected_by":{"invalid record":1}}}}');
CREATE INDEX records_open ON records (account, source, outcome) WHERE outcome != 'ok';
CREATE INDEX records_by_vendor_id ON records (account, stream, vendor_id);
COMMIT;
