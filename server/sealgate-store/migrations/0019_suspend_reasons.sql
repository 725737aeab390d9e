-- Why a license is suspended, in the vendor's words. It goes when the suspension ends.
ALTER TABLE licenses ADD COLUMN suspend_reason TEXT;
